"""Real servers for the tests that need them, each started once, on free ports, in a folder that goes away."""

import gc
import uuid
import warnings
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from schemas.tables import TABLES
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.server import Connections, Server
from throughline.settings import Settings

# Warnings are errors, but two clients leave sockets to the garbage collector, which meets them in any later test:
UNCLOSED = (
    "ignore:unclosed <socket:ResourceWarning",  # kafka-python, a connection that was refused
    "ignore:Unclosed AIOKafkaConnection:ResourceWarning",  # aiokafka, one whose opening was cancelled; with it go
    "ignore:unclosed transport <_SelectorSocketTransport:ResourceWarning",  # its transport
    "ignore:loop is closed:ResourceWarning",  # and its writer
)


def pytest_configure(config: pytest.Config) -> None:
    for warning in UNCLOSED:
        config.addinivalue_line("filterwarnings", warning)


def pytest_sessionfinish() -> None:
    """The last of those sockets go while that warning is still ignored; pytest itself would collect them as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A real broker, shared: use `topic_prefix` for names of your own, and do not kill this one."""
    server = Kafka(tmp_path_factory.mktemp("kafka")).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """A real server, shared: use `databases` for names of your own, and do not kill this one."""
    server = ClickHouse(tmp_path_factory.mktemp("clickhouse"), databases=("store*", "views*")).start()
    yield server
    server.stop()


@pytest.fixture
def topic_prefix() -> str:
    """Goes before topic and group names, so that tests do not meet."""
    return f"t{uuid.uuid4().hex[:8]}."


@pytest.fixture
def databases() -> tuple[str, str]:
    """Names for a store and a views database that nobody else has; migrations create them."""
    suffix = uuid.uuid4().hex[:8]
    return f"store_{suffix}", f"views_{suffix}"


@pytest.fixture
def settings(kafka: Kafka, clickhouse: ClickHouse, topic_prefix: str, databases: tuple[str, str]) -> Settings:
    """Settings for both real servers, with names that nobody else uses. Topics and tables are yet to be made."""
    logins = {name: {"user": name, "password": password} for name, password in clickhouse.users.items()}
    server = {"host": clickhouse.host, "port": clickhouse.tcp_port, "http_port": clickhouse.http_port}
    names = {"store_database": databases[0], "views_database": databases[1]}
    return Settings.model_validate(
        {
            "kafka": {"bootstrap_servers": kafka.bootstrap_servers},
            "clickhouse": {**server, **names, **logins},
            "identity": {"key": "a key that only the tests know, 0123"},
            "topic_prefix": topic_prefix,
        }
    )


@pytest.fixture(scope="session")
def migrated(clickhouse: ClickHouse) -> Server:
    """The migrator's access to databases that the tests of the store share."""
    suffix = uuid.uuid4().hex[:8]
    password = clickhouse.users["migrator"]
    server = Server(clickhouse.host, clickhouse.tcp_port, "migrator", password, f"store_{suffix}", f"views_{suffix}")
    apply(server)
    return server


@pytest.fixture
def server(clickhouse: ClickHouse, migrated: Server) -> Server:
    """The worker's access to those databases, every table empty."""
    with closing(Connections(migrated)) as connections:
        for table in (*TABLES, "owners"):
            connections.ask(f"TRUNCATE TABLE {table} SYNC")
    return replace(migrated, user="worker", password=clickhouse.users["worker"], patience=5)
