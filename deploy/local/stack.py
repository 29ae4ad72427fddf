"""The local stack in a folder: the servers that no setting points elsewhere, and what to run beside them."""

import secrets
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from deploy.local.ports import free_port, take
from deploy.local.process import Process
from throughline.options import Settings
from throughline.settings import KEY

WORKER_PATIENCE = 15.0
KAFKA_PORT, TCP_PORT, HTTP_PORT = 9092, 9000, 8123


@dataclass(frozen=True, slots=True)
class Choices:
    """What the caller of `up` may choose.

    `brokers` 0: as many as the folder was made with, else one. `workers` 0: the setting. `worker` is the command of a
    worker process; its slot number goes behind it. `audit` is what runs every `audit_every` seconds.
    """

    brokers: int = 0
    workers: int = 0
    durable: bool = False
    worker: tuple[str, ...] = (sys.executable, "-m", "throughline.cli", "worker", "--slot")
    audit: tuple[str, ...] = (sys.executable, "-m", "throughline.cli", "audit", "--repair")
    audit_every: float = 3600.0


class Stack:
    """`given` holds the settings that the user made (file and environment): a server named there is not started."""

    def __init__(self, settings: Settings, given: dict[str, Any], choices: Choices) -> None:
        self._settings = settings
        self._choices = choices
        kafka_given, clickhouse_given = is_given(given)
        self.kafka = None if kafka_given else self._kafka()
        self.clickhouse = None if clickhouse_given else self._clickhouse()
        self._metrics = _free_row(settings.ports.metrics, choices.workers + 1)

    def servers(self) -> list[Process]:
        """ClickHouse and Kafka, as far as they are ours. Fetches jars and formats folders if need be."""
        processes = [self.clickhouse.prepare()] if self.clickhouse else []
        processes += self.kafka.prepare() if self.kafka else []
        return [replace(process, log=self._log(process.name)) for process in processes]

    def workers(self, folder: Path) -> list[Process]:
        """The worker processes; slot n of 1..workers keeps its partitions over restarts."""
        return [self._worker(slot, folder) for slot in range(1, self._choices.workers + 1)]

    def audit(self, folder: Path) -> Process:
        """Looks whether all is right, and mends what is not."""
        return Process(name="audit", command=self._choices.audit, folder=folder, log=self._log("audit"))

    def layer(self) -> dict[str, Any]:
        """The settings by which other commands reach what was started."""
        layer: dict[str, Any] = {"ports": {"metrics": self._metrics}, "workers": self._choices.workers}
        if self.kafka:
            layer["kafka"] = {"bootstrap_servers": self.kafka.bootstrap_servers}
            layer["replication"] = min(3, self.kafka.brokers)
        if self.clickhouse:
            server = self.clickhouse
            logins = {name: {"user": name, "password": password} for name, password in server.users.items()}
            layer["clickhouse"] = {
                "host": server.host,
                "port": server.tcp_port,
                "http_port": server.http_port,
                **logins,
            }
        return layer

    def describe(self) -> list[str]:
        """A line per server: where it is, and whether it had to leave its usual port."""
        kafka, clickhouse = self._settings.kafka.bootstrap_servers, self._settings.clickhouse.host
        kafka_note = clickhouse_note = " (given, not started)"
        if self.kafka:
            kafka, kafka_note = self.kafka.bootstrap_servers, _moved(self.kafka.port, KAFKA_PORT)
        if server := self.clickhouse:
            clickhouse = f"{server.host}:{server.tcp_port}, HTTP {server.http_port}"
            clickhouse_note = _moved(server.tcp_port, TCP_PORT)
        return [f"{'Kafka':<11} {kafka}{kafka_note}", f"{'ClickHouse':<11} {clickhouse}{clickhouse_note}"]

    def _kafka(self) -> Kafka:
        choices, settings = self._choices, self._settings
        folder = settings.home / "kafka"
        return Kafka(folder, KAFKA_PORT, durable=choices.durable, brokers=choices.brokers, cache=settings.cache)

    def _clickhouse(self) -> ClickHouse:
        names = (self._settings.clickhouse.store_database, self._settings.clickhouse.views_database)
        folder = self._settings.home / "clickhouse"
        return ClickHouse(folder, TCP_PORT, HTTP_PORT, durable=self._choices.durable, databases=names)

    def _worker(self, slot: int, folder: Path) -> Process:
        name = f"worker-{slot}"
        command = [*self._choices.worker, str(slot)]
        return Process(name=name, command=command, folder=folder, log=self._log(name), patience=WORKER_PATIENCE)

    def _log(self, name: str) -> Path:
        return self._settings.home / "logs" / f"{name}.log"


def is_given(given: dict[str, Any]) -> tuple[bool, bool]:
    """Whether the user has said where Kafka is, and where ClickHouse is."""
    return "bootstrap_servers" in given.get("kafka", {}), bool({"host", "port"} & set(given.get("clickhouse", {})))


def make_identity_key(home: Path) -> None:
    """A secret for the node hash, made once: with another key every customer would have another id."""
    path = home / KEY
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".new")
        scratch.touch(mode=0o600)
        scratch.write_text(secrets.token_hex(32) + "\n")
        scratch.replace(path)


def _free_row(first: int, length: int) -> int:
    """The first of `length` free ports in a row, from `first` on in steps of 100."""
    for base in range(first, first + 2000, 100):
        if all(take(base + offset) for offset in range(length)):
            return base
    return free_port()


def _moved(port: int, usual: int) -> str:
    return "" if port == usual else f" ({usual} is taken)"
