"""What goes to Kafka."""

from typing import NamedTuple


class Record(NamedTuple):
    """One record of a public topic. `at` is its place in the stream: ms UTC at which the business received it."""

    topic: str
    key: bytes | None
    value: bytes
    at: int
