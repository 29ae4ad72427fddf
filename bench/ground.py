"""The ground that every rival runs on: one real Kafka, one real ClickHouse, a topic filled before the clock starts."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from bench.load import Load
from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from deploy.local.ports import free_port
from schemas.topics import create_topics, public_topic
from sinks.clickhouse.migrate import migrate
from sources.channels import discover
from throughline.options import Settings


@dataclass
class Ground:
    """`servers`: pid of each server by name. Names that begin with `run` are free for a rival's topics and databases."""

    kafka: Kafka
    clickhouse: ClickHouse
    folder: Path
    runs: int = field(default=0)

    @property
    def servers(self) -> dict[str, int]:
        pids = {"kafka": self.kafka.pid, "clickhouse": self.clickhouse.pid}
        return {name: pid for name, pid in pids.items() if pid is not None}

    def values(self, **more: Any) -> dict[str, Any]:
        """Settings with names of their own: prefix `run<n>.`, databases `store_run<n>` and `views_run<n>`."""
        self.runs += 1
        server, name = self.clickhouse, f"run{self.runs}"
        logins = {user: {"user": user, "password": password} for user, password in server.users.items()}
        where = {"host": server.host, "port": server.tcp_port, "http_port": server.http_port}
        databases = {"store_database": f"store_{name}", "views_database": f"views_{name}"}
        return {
            "kafka": {"bootstrap_servers": self.kafka.bootstrap_servers},
            "clickhouse": {**where, **databases, **logins},
            "identity": {"key": "a key for benchmarks only, 0123456789", "caps": {"bench": 3}},
            "intake": {"trusted_sources": ["bench"]},
            "topic_prefix": f"{name}.",
            **more,
        }


@contextmanager
def ground() -> Iterator[Ground]:
    """Both servers in a folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="bench") as scratch:
        folder = Path(scratch)
        kafka = Kafka(folder / "kafka").start()
        try:
            clickhouse = ClickHouse(folder / "clickhouse", databases=("store*", "views*")).start()
            try:
                yield Ground(kafka, clickhouse, folder)
            finally:
                clickhouse.stop()
        finally:
            kafka.stop()


def prepare(values: Mapping[str, Any]) -> Settings:
    """Topics and tables for these settings."""
    settings = Settings.model_validate(values)
    create_topics(settings, discover())
    migrate(settings)
    return settings


def fill(settings: Settings, records: Iterable[Load]) -> int:
    """Produces the records to touchpoints.website as an SDK would place them; returns how many."""
    topic, count = public_topic("website", settings.topic_prefix), 0
    producer = Producer({
        "bootstrap.servers": settings.kafka.bootstrap_servers, "linger.ms": 20, "batch.size": 262144, "acks": "all",
        "enable.idempotence": True, "partitioner": "murmur2_random", "queue.buffering.max.messages": 400_000,
    })  # fmt: skip
    for record in records:
        while True:
            try:
                producer.produce(topic, record.value, record.key)
                break
            except BufferError:
                producer.poll(0.05)
        count += 1
    producer.flush()
    return count


@contextmanager
def worker(values: Mapping[str, Any], slot: int = 1) -> Iterator[tuple[int, Callable[[], Mapping[str, float]]]]:
    """A worker process: its pid, and a function that reads its metrics by name and labels."""
    port = free_port()
    environment = {
        f"THROUGHLINE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }
    command = [sys.executable, "-m", "throughline.cli", "worker", "--slot", str(slot), "--metrics-port", str(port)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=log, stdout=log)
        try:
            yield process.pid, lambda: scrape(port)
            if process.poll() is not None:
                log.seek(0)
                raise RuntimeError(f"the worker ended with {process.returncode}: {log.read()[-2000:].decode()}")
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def scrape(port: int) -> dict[str, float]:
    """{'throughline_marks_total{outcome="folded"}': 12.0, ...}; empty while the worker is not up."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return {}
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}
