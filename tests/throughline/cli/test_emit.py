import json
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition
from typer.testing import CliRunner

from deploy.local.kafka import Kafka
from schemas.topics import create_topics
from sources.channels import discover
from throughline.cli import build
from throughline.settings import Settings

GOOD = {
    "event": "Page Viewed",
    "channel": "website",
    "source": "shop",
    "timestamp": "2026-11-25T07:12:03.000Z",
    "identifiers": {"anonymous_id": "b7f1"},
}
LINES = [json.dumps(GOOD), json.dumps(GOOD | {"identifiers": {}}), "{oops", "", json.dumps(GOOD | {"event_id": "e-5"})]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs `throughline emit` in an empty folder and gives the result."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.jsonl").write_text("\n".join(LINES))
    return lambda *arguments, **more: CliRunner().invoke(build("emit"), ["emit", *arguments], **more)


def test_a_dry_run_names_the_wrong_lines_and_sends_nothing(run) -> None:
    result = run("events.jsonl", "--dry-run")
    assert result.exit_code == 1
    assert "line 2: identifiers: " in result.stderr and "line 3: is not JSON" in result.stderr
    assert "4 lines, 2 are valid, 2 refused; nothing was sent" in result.stderr


def test_lines_may_come_from_standard_input(run) -> None:
    result = run("--dry-run", "--json", input=json.dumps(GOOD))
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert (summary["read"], summary["taken"], summary["sent"], summary["dry_run"]) == (1, 1, 0, True)


def test_a_file_that_is_not_there_is_named(run) -> None:
    result = run("nowhere.jsonl")
    assert result.exit_code == 1 and "nowhere.jsonl cannot be read" in str(result.exception)


def test_good_lines_reach_kafka_and_raw_ones_too(
    run, kafka: Kafka, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THROUGHLINE_KAFKA__BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("THROUGHLINE_TOPIC_PREFIX", settings.topic_prefix)
    create_topics(settings, discover())
    result = run("events.jsonl", "--json")
    assert result.exit_code == 1 and json.loads(result.stdout)["delivered"] == 2
    assert run("events.jsonl", "--raw", "chat").exit_code == 0
    assert ends(kafka, f"{settings.topic_prefix}touchpoints.website") == 2
    assert ends(kafka, f"{settings.topic_prefix}touchpoints.chat") == 4


def ends(kafka: Kafka, topic: str) -> int:
    """Records in a topic."""
    with_partitions = KafkaConsumer(bootstrap_servers=kafka.bootstrap_servers)
    partitions = [TopicPartition(topic, p) for p in with_partitions.partitions_for_topic(topic)]
    count = sum(with_partitions.end_offsets(partitions).values())
    with_partitions.close()
    return count
