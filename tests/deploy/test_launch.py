"""One stack of real servers with stand-ins for the workers, through everything that may happen to it."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.local import runtime
from deploy.local.launch import Launch, Step
from deploy.local.stack import Choices
from deploy.local.view import processes
from throughline.errors import HeldByOther, Unavailable
from throughline.settings import Settings, load

WORKER = (sys.executable, "-c", "import time; print('works', flush=True); time.sleep(600)")
CHOICES = Choices(workers=2, worker=WORKER)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def launch(tmp_path: Path, said: list[str]) -> Iterator[Launch]:
    with Launch(tmp_path, CHOICES, said.append) as entered:
        yield entered


def watch_until(launch: Launch, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        launch.supervisor.watch()
        time.sleep(0.05)


def make_topic(settings: Settings) -> str:
    admin = KafkaAdminClient(**settings.kafka.client_arguments())
    admin.create_topics([NewTopic("kept", 1, 1)])
    admin.close()
    producer = KafkaProducer(**settings.kafka.client_arguments())
    producer.send("kept", b"a").get(30)
    producer.close()
    return "made"


def kept(settings: Settings) -> list[bytes]:
    arguments = settings.kafka.client_arguments()
    consumer = KafkaConsumer("kept", **arguments, auto_offset_reset="earliest", consumer_timeout_ms=3000)
    values = [record.value for record in consumer]
    consumer.close()
    return values


def test_a_stack_lives_through_deaths_and_ends_in_order(tmp_path: Path, said: list[str]) -> None:
    with Launch(tmp_path, CHOICES, said.append) as launch:
        settings = launch.start([Step("topics", make_topic)])
        names = [each.name for each in processes(settings.home)]
        assert names == ["clickhouse", "kafka", "worker-1", "worker-2"]
        assert "  topics      made" in said
        with pytest.raises(HeldByOther, match="held by pid"), Launch(tmp_path, CHOICES, said.append):
            pass
        _die_and_return(launch, settings)
        assert kept(settings) == [b"a"]
    assert runtime.read(settings.home) is None
    assert all(not psutil.pid_exists(entry.pid) for entry in launch.supervisor.entries())


def _die_and_return(launch: Launch, settings: Settings) -> None:
    for entry in launch.supervisor.entries():
        psutil.Process(entry.pid).kill()
    watch_until(launch, lambda: all(entry.restarts == 1 for entry in launch.supervisor.entries()))
    watch_until(launch, lambda: all(each.running and each.restarts == 1 for each in processes(settings.home)))
    watch_until(launch, launch.supervisor.all_ready)


def test_nothing_is_lost_when_all_are_killed_at_once(tmp_path: Path, said: list[str]) -> None:
    root = Path(__file__).parents[2]
    code = f"""
import time
from pathlib import Path
from deploy.local.launch import Launch
from deploy.local.stack import Choices
with Launch(Path({str(tmp_path)!r}), Choices(workers=1, worker={WORKER!r}), print) as launch:
    launch.start([])
    time.sleep(600)
"""
    with psutil.Popen([sys.executable, "-c", code], cwd=root) as up:
        home = tmp_path / ".throughline"
        deadline = time.monotonic() + 120
        while not ((found := runtime.read(home)) and found.ready):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        make_topic(load(tmp_path))
        for pid in (up.pid, *(entry.pid for entry in found.processes)):
            psutil.Process(pid).kill()
    with Launch(tmp_path, CHOICES, said.append) as again:
        assert kept(again.start([])) == [b"a"]


def test_a_server_that_is_given_is_not_started(
    tmp_path: Path, said: list[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THROUGHLINE_KAFKA__BOOTSTRAP_SERVERS", settings.kafka.bootstrap_servers)
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE__PORT", str(settings.clickhouse.port))
    with Launch(tmp_path, CHOICES, said.append) as launch:
        launch.start([])
        assert [entry.name for entry in launch.supervisor.entries()] == ["worker-1", "worker-2"]
    assert any("(given, not started)" in line for line in said)


def test_a_step_that_fails_ends_everything(tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHLINE_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")

    def fail(settings: Settings) -> str:
        raise Unavailable("no such luck")

    with pytest.raises(Unavailable, match="no such luck"), Launch(tmp_path, CHOICES, said.append) as launch:
        launch.start([Step("topics", fail)])
    assert runtime.read(tmp_path / ".throughline") is None
    assert launch.supervisor.entries() == ()


def test_the_identity_key_is_made_once(launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHLINE_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE__HOST", "127.0.0.1")
    first = launch.start([]).identity.node_key
    assert len(first) == 64
    assert load(tmp_path).identity.node_key == first
