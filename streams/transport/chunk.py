"""What an agent gets: the records of one fetch of one partition, as parallel lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Header = tuple[str, bytes | None]


class Record(Protocol):
    """A record as aiokafka unpacks it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Records in offset order; the lists have one entry per record. A tombstone's value is None.

    The chunk speaks for all offsets from `first_offset` to before `next_offset`; those of them that are not in
    `offsets` are not in the log (`gaps`).
    """

    topic: str
    partition: int
    generation: int  # of the consumer group; -1 without a group
    first_offset: int
    next_offset: int
    offsets: list[int]
    values: list[bytes | None]
    timestamps: list[int]  # ms, Kafka's own: of appending or of producing, as the topic says
    keys: list[bytes | None]
    headers: list[Sequence[Header]] | None  # None if no record has any
    size: int  # bytes of all values

    def __len__(self) -> int:
        return len(self.offsets)

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Ranges `(from, to)`, `to` excluded, that the log does not hold: compacted, aborted, markers, deleted."""
        if self.next_offset - self.first_offset == len(self.offsets):
            return
        expected = self.first_offset
        for offset in (*self.offsets, self.next_offset):
            if offset > expected:
                yield expected, offset
            expected = offset + 1


def chunk_of(place: tuple[str, int, int], span: tuple[int | None, int], records: Sequence[Any]) -> Chunk:
    """From records of one partition. `place` is (topic, partition, generation), `span` (expected, next) offset."""
    values = [record.value for record in records]
    offsets = [record.offset for record in records]
    headers = [record.headers for record in records]
    first = offsets[0] if span[0] is None else min(span[0], offsets[0])
    return Chunk(
        *place,
        first_offset=first,
        next_offset=span[1],
        offsets=offsets,
        values=values,
        timestamps=[record.timestamp for record in records],
        keys=[record.key for record in records],
        headers=headers if any(headers) else None,
        size=sum(map(len, filter(None, values))),
    )
