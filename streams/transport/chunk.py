"""What an agent gets: the records of one fetch of one partition, as parallel lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Header = tuple[str, bytes | None]


class Record(Protocol):
    """What aiokafka and the twin in memory call a record."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[Header]: ...


@dataclass(slots=True)
class Columns:
    """Records as parallel lists. `headers` has the index of those records that have any."""

    offsets: list[int] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    timestamps: list[int] = field(default_factory=list)
    keys: list[bytes | None] = field(default_factory=list)
    headers: dict[int, Sequence[Header]] = field(default_factory=dict)


def columns_of(records: Sequence[Record]) -> Columns:
    return Columns(
        offsets=[record.offset for record in records],
        values=[record.value for record in records],
        timestamps=[record.timestamp for record in records],
        keys=[record.key for record in records],
        headers={index: record.headers for index, record in enumerate(records) if record.headers},
    )


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
    headers: dict[int, Sequence[Header]]  # by index; only of records that have any
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


def chunk_of(place: tuple[str, int, int], span: tuple[int | None, int], columns: Columns) -> Chunk:
    """From records of one partition. `place` is (topic, partition, generation), `span` (expected, next) offset."""
    expected, first = span[0], columns.offsets[0]
    return Chunk(
        *place,
        first_offset=first if expected is None else min(expected, first),
        next_offset=span[1],
        offsets=columns.offsets,
        values=columns.values,
        timestamps=columns.timestamps,
        keys=columns.keys,
        headers=columns.headers,
        size=sum(map(len, filter(None, columns.values))),
    )
