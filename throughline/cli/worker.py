"""`throughline worker`: one worker process. `throughline up` starts and restarts them; under Kubernetes each is a pod."""

import gc
from typing import Annotated

import faust
import typer
from prometheus_client import start_http_server

from schemas.decode import Decoder, DecodeRules
from schemas.store import Store
from schemas.topics import CLAIMS, public_topic
from sinks.clickhouse.connect import open_store
from sources.channels import discover
from streams.transport import Connection
from streams.worker.compose import Plan, build
from streams.worker.flow import Flush
from throughline import logs, settings
from throughline.errors import ConfigurationError
from throughline.lag import LagReader
from throughline.options import Settings

Slot = Annotated[
    int, typer.Option(min=0, help="Stable number of this worker's slot; two with one number fence each other.")
]
Metrics = Annotated[int, typer.Option(help="Port of /metrics; 0: the setting ports.metrics plus the slot, -1: none.")]


def command(slot: Slot = 0, metrics_port: Metrics = 0) -> None:
    """Run one worker: intake, resolver and journeys. Exits 0 on SIGTERM, 1 when it must be restarted."""
    made = settings.load()
    logs.configure(f"worker-{slot}")
    if metrics_port >= 0:
        serve_metrics(made.ports.metrics_host, metrics_port or made.ports.metrics + slot)
    app = compose(made, slot)
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000_000, 100, 1_000)
    faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True).execute_from_commandline()


def serve_metrics(host: str, port: int) -> None:
    """For Prometheus, in a thread of its own; raises ConfigurationError if the port is taken."""
    try:
        start_http_server(port, addr=host)
    except OSError as error:
        remedy = "choose another `ports.metrics` or --metrics-port, or -1 for none"
        raise ConfigurationError(f"metrics cannot be served on {host}:{port} ({error.strerror}); {remedy}") from error


def compose(made: Settings, slot: int) -> faust.App:
    """The worker's app from settings; raises ConfigurationError or Unavailable before anything runs."""
    channels = discover()
    plan = Plan(
        group=f"{made.topic_prefix}throughline",
        instance=f"{made.topic_prefix}worker-{slot}",
        partitions=made.partitions,
        public_topics=tuple(public_topic(channel.name, made.topic_prefix) for channel in channels),
        prefix=made.topic_prefix,
        flush=Flush(made.worker.flush_records, made.worker.flush_seconds),
        cache_bytes=made.worker.cache_bytes,
        timeouts={channel.name: channel.session_timeout_ms for channel in channels},
    )
    store = open_store(made, "worker")
    require_one_history(made, store)
    decoder = Decoder(channels, DecodeRules.of(made))
    return build(plan, connection(made), store, decoder)


def require_one_history(made: Settings, store: Store) -> None:
    """The number of a claim is its offset: on another log the same numbers would mean other claims."""
    topic = made.topic_prefix + CLAIMS
    with LagReader(made.kafka, f"{made.topic_prefix}throughline") as reader:
        end = sum(extent.end for extent in reader.extents([topic]))
    if (last := store.last_claim()) > end:
        raise ConfigurationError(
            f"ClickHouse has recorded claim {last}, but {topic} in Kafka ends at {end}: Kafka was made anew or has lost data. "
            "Restore its data, or set new clickhouse.store_database and views_database and send the events again"
        )


def connection(made: Settings) -> Connection:
    """How the worker logs in to Kafka."""
    kafka = made.kafka
    if not kafka.ssl_check_hostname:
        raise ConfigurationError(
            "kafka.ssl_check_hostname = false is not possible for workers; use a certificate with the host's name"
        )
    return Connection(
        bootstrap_servers=kafka.bootstrap_servers,
        security_protocol=kafka.security_protocol,
        sasl_mechanism=kafka.sasl_mechanism,
        username=kafka.sasl_username or None,
        password=kafka.sasl_password.get_secret_value() or None,
        ca_file=kafka.ssl_cafile or None,
        cert_file=kafka.ssl_certfile or None,
        key_file=kafka.ssl_keyfile or None,
    )
