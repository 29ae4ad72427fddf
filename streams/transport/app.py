"""A Faust app that loses nothing, with static membership."""

import faust
from mode import CrashingSupervisor

from streams.transport.connection import Connection


class App(faust.App):
    """Faust without its folder `<id>-data` in the working directory: there are no tables to keep in it."""

    def _create_directories(self) -> None:
        pass


def make_app(group: str, connection: Connection, instance: str | None = None) -> faust.App:
    """An app of the consumer group `group`, yet without `use_chunks`.

    `instance` is the stable name of this worker's slot (`worker-1`): restarted under it, the worker has its
    partitions again without a rebalance of the others. Two processes under one name fence each other.
    """
    return App(
        group,
        broker=connection.faust_brokers(),
        broker_credentials=connection.faust_credentials(),
        consumer_group_instance_id=instance,
        broker_session_timeout=15.0,
        broker_heartbeat_interval=1.0,
        broker_rebalance_timeout=60.0,
        broker_max_poll_interval=86_400.0,  # back-pressure may pause fetching; the watchdog sees a stuck worker
        broker_commit_interval=1.0,
        stream_buffer_maxsize=65_536,  # chunks
        stream_wait_empty=True,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=30_000,
        agent_supervisor=CrashingSupervisor,
        key_serializer="raw",
        value_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        store="memory://",
        web_enabled=False,
        autodiscover=False,
    )
