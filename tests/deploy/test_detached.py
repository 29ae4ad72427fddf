import json
from pathlib import Path

import pytest

from deploy.local.detached import start_detached, stop
from deploy.local.stack import Choices
from deploy.local.view import processes
from throughline.errors import HeldByOther, Unavailable
from throughline.settings import Settings, load

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose settings point at the shared servers."""
    clickhouse = settings.clickhouse
    names = {"store_database": clickhouse.store_database, "views_database": clickhouse.views_database}
    logins = {name: {"user": name, "password": clickhouse.login(name)[1]} for name in ("migrator", "worker", "auditor")}
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("THROUGHLINE_KAFKA__BOOTSTRAP_SERVERS", settings.kafka.bootstrap_servers)
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE", json.dumps({"port": clickhouse.port, **names, **logins}))
    monkeypatch.setenv("THROUGHLINE_TOPIC_PREFIX", settings.topic_prefix)
    monkeypatch.setenv("THROUGHLINE_PARTITIONS", "2")
    return tmp_path


def test_a_detached_stack_runs_until_it_is_stopped(folder: Path) -> None:
    log = start_detached(folder, Choices(workers=1))
    assert "All is up" in log.read_text()
    (worker,) = processes(load(folder).home)
    assert (worker.name, worker.running) == ("worker-1", True)
    with pytest.raises(HeldByOther):
        start_detached(folder, Choices())
    (sentence,) = stop(folder)
    assert sentence.endswith("ended")
    assert stop(folder) == []


def test_a_stack_that_does_not_come_up_shows_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHLINE_PARTITIONS", "0")
    monkeypatch.setattr("deploy.local.detached.load", lambda folder: Settings(home=folder / ".throughline"))
    with pytest.raises(Unavailable, match=r"did not come up(.|\n)*partitions: Input should be greater"):
        start_detached(folder, Choices())
