"""A whole house for one test: Kafka, ClickHouse and worker processes of its own, so that any of them may be killed."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from schemas.topics import CLAIMS, INBOX, PUBLIC, create_topics
from sinks.clickhouse.connect import open_views
from sinks.clickhouse.migrate import migrate
from sources.channels import discover
from sources.emitter import Emitter
from sources.generator import SOURCES
from throughline.errors import Unavailable
from throughline.lag import LagReader
from throughline.options import Settings

VIEWS = {
    "touchpoints": "* EXCEPT (topic, partition, offset)",
    "journey_touchpoints": "* EXCEPT revision",
    "sessions": "* EXCEPT revision",
    "journeys": "* EXCEPT revision",
    "stage_transitions": "*",
    "friction": "*",
    "customers": "*",
    "identities": "*",
}


class Record(Protocol):
    @property
    def topic(self) -> str: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class House:
    """`run` names a set of topics, a group and databases; several runs share the servers."""

    def __init__(self, folder: Path, kafka: Kafka, clickhouse: ClickHouse, run: str) -> None:
        self.folder, self.kafka, self.clickhouse = folder, kafka, clickhouse
        self.values = _values(kafka, clickhouse, run)
        self.settings = Settings.model_validate(self.values)
        self.workers: dict[int, subprocess.Popen[bytes]] = {}
        self.exits: list[int] = []
        create_topics(self.settings, discover())
        migrate(self.settings)

    def start(self, slots: Iterable[int]) -> None:
        for slot in slots:
            command = [sys.executable, "-m", "throughline.cli", "worker", "--slot", str(slot), "--metrics-port", "-1"]
            with (self.folder / f"{self.settings.topic_prefix}worker-{slot}.log").open("ab") as log:
                self.workers[slot] = subprocess.Popen(command, env=environment(self.values), stdout=log, stderr=log)

    def supervise(self) -> None:
        """Starts those again that have ended, as `throughline up` does."""
        for slot, process in list(self.workers.items()):
            if process.poll() is not None:
                self.exits.append(process.returncode)
                self.start([slot])

    def kill_a_worker(self, rng: random.Random) -> None:
        process = self.workers[rng.choice(sorted(self.workers))]
        process.kill()
        process.wait()

    def __enter__(self) -> "House":
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        for process in self.workers.values():
            process.terminate()
        for process in self.workers.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def emit(self, records: Sequence[Record]) -> None:
        with Emitter(self.settings) as emitter:
            for record in records:
                emitter.forward(record)

    def settle(self, seconds: float) -> None:
        """Until nothing waits in any topic for a second; workers that end meanwhile are started again."""
        deadline, quiet = time.monotonic() + seconds, 0
        while quiet < 3:
            assert time.monotonic() < deadline, f"not at rest: {self.waiting()}, exits {self.exits}"
            self.supervise()
            quiet = quiet + 1 if self.waiting() == {} else 0
            time.sleep(0.4)

    def waiting(self) -> dict[str, int]:
        """Records not yet committed, by topic without its prefix; "kafka": it does not answer."""
        prefix = self.settings.topic_prefix
        try:
            with LagReader(self.settings.kafka, f"{prefix}throughline") as reader:
                mine = [topic for topic in reader.topics() if topic.startswith(prefix)]
                read = [topic for topic in mine if _is_read(topic.removeprefix(prefix))]
                return {lag.topic.removeprefix(prefix): lag.waiting for lag in reader.read(read) if lag.waiting}
        except Unavailable:
            return {"kafka": 1}

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        columns = open_views(self.settings, "auditor").ask(query)
        return list(zip(*columns, strict=True))

    def checksums(self) -> dict[str, tuple[int, int]]:
        """(rows, checksum) of each view of the analysts, whatever the order of its rows."""
        queries = {
            view: f"SELECT count(), sum(cityHash64(*)) FROM (SELECT {columns} FROM {view})"
            for view, columns in VIEWS.items()
        }
        return {view: self.ask(query)[0] for view, query in queries.items()}


def _is_read(topic: str) -> bool:
    return topic in (CLAIMS, INBOX) or topic.startswith(PUBLIC)


def _values(kafka: Kafka, clickhouse: ClickHouse, run: str) -> dict[str, Any]:
    logins = {name: {"user": name, "password": password} for name, password in clickhouse.users.items()}
    server = {"host": clickhouse.host, "port": clickhouse.tcp_port, "http_port": clickhouse.http_port}
    return {
        "kafka": {"bootstrap_servers": kafka.bootstrap_servers},
        "clickhouse": {**server, "store_database": f"store_{run}", "views_database": f"views_{run}", **logins},
        "identity": {
            "key": "a key that only the tests know, 0123",
            "caps": {**SOURCES, "complete-journey": 4},
            "region": "US",
        },
        "intake": {"trusted_sources": [*SOURCES, "complete-journey"]},
        "topic_prefix": f"{run}.",
    }


def environment(values: dict[str, Any]) -> dict[str, str]:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return {**os.environ, **{f"THROUGHLINE_{name.upper()}": text for name, text in texts.items()}}
