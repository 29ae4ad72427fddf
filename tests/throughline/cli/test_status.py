from pathlib import Path

import pytest
from kafka import KafkaProducer

from schemas.topics import create_topics, public_topic
from sinks.clickhouse.migrate import migrate
from sources.channels import discover
from throughline.cli.status import freshness, last_audit, observe
from throughline.lag import TopicLag
from throughline.settings import Settings


@pytest.fixture
def ready(settings: Settings) -> Settings:
    create_topics(settings, discover())
    migrate(settings)
    return settings


def test_waiting_records_make_the_stitching_stale(ready: Settings) -> None:
    producer = KafkaProducer(**ready.kafka.client_arguments())
    producer.send(public_topic("store", ready.topic_prefix), b"{}").get(30)
    producer.close()
    found = observe(ready)
    topics = {each["topic"]: each["waiting"] for each in found["topics"]}
    assert topics[public_topic("store", ready.topic_prefix)] == 1
    assert sum(topics.values()) == 1
    assert found["stitched"]["seconds_behind"] > 0
    assert found["dead_letters"] == {}
    assert found["problems"] == []


def test_a_server_that_is_away_is_a_problem_and_hides_nothing_else(ready: Settings) -> None:
    away = ready.clickhouse.model_copy(update={"port": 1})
    found = observe(ready.model_copy(update={"clickhouse": away}))
    assert found["topics"]
    assert len(found["problems"]) == 1
    assert "ClickHouse at 127.0.0.1:1 as auditor does not answer" in found["problems"][0]


def test_a_folder_without_a_stack_shows_none(ready: Settings, tmp_path: Path) -> None:
    found = observe(ready.model_copy(update={"home": tmp_path}))
    assert (found["supervisor"], found["processes"]) == (None, [])


def test_freshness_is_the_age_of_the_oldest_record_that_waits() -> None:
    lags = [TopicLag("a", 1, 5, 2, 1_000), TopicLag("b", 1, 5, 0, None), TopicLag("c", 1, 5, 1, 4_000)]
    assert freshness(lags, now=5_500) == {"up_to": "1970-01-01T00:00:01.000Z", "seconds_behind": 4.5}


def test_nothing_waiting_is_as_fresh_as_can_be() -> None:
    assert freshness([TopicLag("a", 1, 5, 0, None)], now=5_500)["seconds_behind"] == 0


def test_the_last_audit_is_shown_and_is_a_problem_if_it_found_something(tmp_path: Path) -> None:
    problems: list[str] = []
    assert last_audit(tmp_path, problems) is None
    log = tmp_path / "logs" / "audit.log"
    log.parent.mkdir()
    log.write_text("a table\nRight: 5 offsets\n")
    shown = last_audit(tmp_path, problems)
    assert (shown or {})["said"] == "Right: 5 offsets"
    assert problems == []
    log.write_text("Right: 5 offsets\na table\nNot right: 5 offsets\n")
    last_audit(tmp_path, problems)
    assert problems == [f"the last audit is not right, see {log}: Not right: 5 offsets"]
