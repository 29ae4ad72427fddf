"""Kafka for the agents: chunks in, lists of records out, a control topic followed by every worker.

Delivery: at least once, in order per partition; an offset is committed only after the work of every record before it
was acked. The contract tests in `tests/streams/transport` hold this against a real Kafka.
"""

from streams.transport.app import make_app
from streams.transport.broadcast import Broadcast, Start
from streams.transport.chunk import Chunk
from streams.transport.connection import Connection
from streams.transport.install import ChunkTransport, use_chunks
from streams.transport.limits import Limits
from streams.transport.ownership import PartitionListener, Partitions
from streams.transport.producer import Outgoing, Producer
from streams.transport.watchdog import Patience, Watchdog

__all__ = [
    "Broadcast",
    "Chunk",
    "ChunkTransport",
    "Connection",
    "Limits",
    "Outgoing",
    "PartitionListener",
    "Partitions",
    "Patience",
    "Producer",
    "Start",
    "Watchdog",
    "make_app",
    "use_chunks",
]
