"""How much may be in flight, and how the broker is asked for more."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Per topic and worker. Fetching of a topic stops while one of the first two is reached.

    Both are soft by one chunk per partition. Beside that the client keeps one answer of the broker per partition, at
    most 1 MiB (or one batch, if that is larger) and compressed.
    """

    records: int = 20_000
    bytes: int = 32 * 1024 * 1024  # of values, decompressed
    chunk: int = 2_000  # records at most in one chunk
    fetch_min_bytes: int = 64 * 1024  # the broker answers as soon as it has this much ...
    fetch_max_wait: float = 0.02  # ... or after so many seconds: this much latency, and a fifth of the CPU
    drain: float = 20.0  # seconds a rebalance or stop waits for acks; below the rebalance timeout of 60
    topics: float = 15.0  # seconds a subscribed topic may stay unknown before the worker gives up
