"""A real Apache Kafka (KRaft) from Maven's jars: broker and controller in one process, one process per node."""

import base64
import os
import subprocess
import uuid
from pathlib import Path

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.local.jars import JARS, LOCK, classpath, fetch, missing
from deploy.local.java import find_java
from deploy.local.ports import LOOPBACK, free_port, is_open
from deploy.local.process import Process, Running
from throughline.errors import ConfigurationError, Unavailable

HEAP = "512m"
SHARED_CACHE = Path("~/.cache/throughline")


class Kafka:
    """A cluster of one or more nodes in a folder; stopped and started again there, it has its data and its ports.

    `port` is the first node's; 0 takes a free one. `brokers` 0 means as many as the folder has, else one.
    `durable` makes every batch reach the disk before it is acknowledged (power loss); without it an acknowledged
    record survives kill -9, not a power cut.
    """

    def __init__(
        self, folder: Path, port: int = 0, *, durable: bool = False, brokers: int = 0, cache: Path = SHARED_CACHE
    ) -> None:
        self.folder = folder.absolute()
        self.durable = durable
        self.cache = cache.expanduser().absolute()
        self.brokers = self._count(brokers)
        self._ports = [(free_port(port if node == 0 else 0), free_port()) for node in range(self.brokers)]
        self._java = find_java()
        self._running: list[Running] = []

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"{LOOPBACK}:{port}" for port, _ in self._ports)

    @property
    def port(self) -> int:
        """Of the first node."""
        return self._ports[0][0]

    @property
    def pid(self) -> int:
        """Of the first node."""
        return self.pids[0]

    @property
    def pids(self) -> list[int]:
        """Of all nodes that were started."""
        return [running.pid for running in self._running]

    @property
    def jars_to_fetch(self) -> int:
        """How many `prepare` would fetch."""
        return len(list(missing(self.cache / JARS)))

    def prepare(self) -> list[Process]:
        """Fetches the jars, writes the configuration, formats new folders; gives the processes to start."""
        libs = fetch(self.cache)
        self.folder.mkdir(parents=True, exist_ok=True)
        return [self._prepare(node, libs) for node in range(len(self._ports))]

    def start(self) -> "Kafka":
        """Starts all nodes and returns when each accepts connections."""
        self._running = [Running(process) for process in self.prepare()]
        for running in self._running:
            running.wait_until_ready()
        return self

    def stop(self) -> None:
        """Clean stop of all nodes; does nothing if they do not run."""
        for running in self._running:
            running.ask_to_end()
        for running in self._running:
            running.stop()
        self._running = []

    def kill(self) -> None:
        """kill -9 of all nodes at once. `start` brings them back on the same ports with the same data."""
        for running in self._running:
            running.kill()
        self._running = []

    def _count(self, wanted: int) -> int:
        there = len(list(self.folder.glob("node-*")))
        if there and wanted and there != wanted:
            raise ConfigurationError(
                f"{self.folder} was made with {there} broker(s), not {wanted}; leave out the number or use a new folder"
            )
        return there or wanted or 1

    def _prepare(self, node: int, libs: Path) -> Process:
        folder = self.folder / f"node-{node + 1}"
        folder.mkdir(exist_ok=True)
        configuration = folder / "server.properties"
        configuration.write_text("".join(f"{key}={value}\n" for key, value in self._properties(node, folder).items()))
        if not (folder / "data" / "meta.properties").exists():
            self._format(configuration, libs)
        port = self._ports[node][0]
        return Process(
            name="kafka" if len(self._ports) == 1 else f"kafka-{node + 1}",
            command=[*self._jvm(libs), "kafka.Kafka", str(configuration)],
            folder=folder,
            log=self.folder / f"kafka-{node + 1}.log",
            ready=lambda: is_open(port) and _is_member(port, node + 1, self._cluster_id()),
        )

    def _properties(self, node: int, folder: Path) -> dict[str, object]:
        broker, controller = self._ports[node]
        copies = min(3, len(self._ports))
        enough = max(1, copies - 1)
        return {
            "node.id": node + 1,
            "process.roles": "broker,controller",
            "controller.quorum.voters": ",".join(f"{i + 1}@{LOOPBACK}:{c}" for i, (_, c) in enumerate(self._ports)),
            "listeners": f"PLAINTEXT://{LOOPBACK}:{broker},CONTROLLER://{LOOPBACK}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{broker}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": folder / "data",
            "auto.create.topics.enable": "false",
            "default.replication.factor": copies,
            "min.insync.replicas": enough,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 8,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": enough,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": enough,
            "group.initial.rebalance.delay.ms": 0,
            "broker.session.timeout.ms": 3000,  # after kill -9 the node may only register when its old session is over
            "broker.heartbeat.interval.ms": 500,
            "log.flush.interval.messages": 1 if self.durable else 2**63 - 1,
        }

    def _format(self, configuration: Path, libs: Path) -> None:
        command = [*self._jvm(libs), "kafka.tools.StorageTool", "format", "--ignore-formatted"]
        done = subprocess.run(
            [*command, "-t", self._cluster_id(), "-c", str(configuration)], capture_output=True, text=True, timeout=120
        )
        if done.returncode:
            raise Unavailable(f"Kafka cannot format {configuration.parent}: {done.stdout}{done.stderr}")

    def _cluster_id(self) -> str:
        kept = self.folder / "cluster.id"
        if not kept.exists():
            kept.write_text(_random_id())
        return kept.read_text()

    def _jvm(self, libs: Path) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={LOCK.parent / 'log4j2.xml'}"
        # The first compiler alone: the start costs 2 s of CPU instead of 3.5, and a broker moves bytes no slower.
        memory = [f"-Xmx{HEAP}", f"-Xms{HEAP}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return [os.fspath(self._java), *memory, logging, "-cp", classpath(libs)]


def _is_member(port: int, node: int, cluster: str) -> bool:
    """True once the controller lets the node take part; its port is open a moment earlier, perhaps by another cluster."""
    patience = {"bootstrap_timeout_ms": 900, "request_timeout_ms": 900}
    try:
        admin = KafkaAdminClient(bootstrap_servers=f"{LOOPBACK}:{port}", **patience)
    except KafkaError:
        return False
    try:
        found = admin.describe_cluster()
        return found["cluster_id"] == cluster and any(broker["broker_id"] == node for broker in found["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()


def _random_id() -> str:
    """As Kafka writes a UUID. Never with a dash in front, which its command line takes for an option."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        continue
    return text
