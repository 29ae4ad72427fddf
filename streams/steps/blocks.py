"""From decoded records to the blocks that intake inserts: facts first, then what became of every offset."""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np

from schemas.decode import Decoded
from schemas.fact import Fact
from schemas.ids import Id
from schemas.tables import DEAD_LETTERS, FACTS, IDENTIFIERS, OFFSETS, TOUCHPOINTS, Block

GAPS_AT_MOST = 1 << 17  # rows of one batch of records; a longer gap was deleted by Kafka, and only its end is told

WIDTH, _STORED = len(Fact._fields), len(FACTS.columns)

Parts = Sequence[tuple["Records", Decoded]]


class Records(NamedTuple):
    """Consecutive records of one public partition, as parallel lists. They speak for all offsets from `first` to before
    `end`; those that are not in `offsets` are not in the log."""

    topic: str
    partition: int
    values: Sequence[bytes | None]
    offsets: Sequence[int]
    timestamps: Sequence[int]  # Kafka's record time, ms
    keys: Sequence[bytes | None]
    first: int
    end: int


def facts_first(decoded: Parts) -> tuple[Block, ...]:
    """What must be durable before a claim or a mark speaks of it."""
    columns = _columns([fact for _, part in decoded for fact in part.facts], WIDTH)
    sources = [source for _, part in decoded for source in part.sources]
    raws = [raw for _, part in decoded for raw in part.raws]
    origin = _origin([(records, part.offsets) for records, part in decoded])
    dead = [
        (r.topic, r.partition, d.offset, d.record_time, d.reason, d.field, d.message, d.raw, d.key or b"")
        for r, part in decoded
        for d in part.dead
    ]
    blocks = (
        Block(TOUCHPOINTS, [*columns[:8], sources, *origin, raws]),
        Block(FACTS, columns[:_STORED]),
        Block.of(IDENTIFIERS, _identifiers(part for _, part in decoded)),
        Block.of(DEAD_LETTERS, dead),
    )
    return tuple(block for block in blocks if len(block))


def facts_block(facts: Iterable[Fact]) -> Block:
    """What the table holds of them: properties that the rules name are read from the event."""
    return Block.of(FACTS, [fact[:_STORED] for fact in facts])


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return list(map(list, zip(*rows, strict=True))) or [[] for _ in range(width)]


def _origin(parts: Iterable[tuple[Records, Sequence[int]]]) -> list[list[Any]]:
    topics: list[str] = []
    partitions: list[int] = []
    places: list[int] = []
    for records, offsets in parts:
        topics += repeat(records.topic, len(offsets))
        partitions += repeat(records.partition, len(offsets))
        places += offsets
    return [topics, partitions, places]


def _identifiers(decoded: Iterable[Decoded]) -> list[tuple[Id, str, str, int, int]]:
    """One row per identifier, with the first and last time of this batch."""
    seen: dict[Id, tuple[str, str, int, int]] = {}
    for part in decoded:
        for fact, identifiers in zip(part.facts, part.identifiers, strict=True):
            at = fact[3]
            for type, value, node in identifiers:
                known = seen.get(node)
                if known is None:
                    seen[node] = type, value, at, at
                elif not known[2] <= at <= known[3]:
                    seen[node] = type, value, min(at, known[2]), max(at, known[3])
    return [(node, *rest) for node, rest in seen.items()]


def offsets_block(decoded: Parts) -> Block:
    """What became of every offset of these records: stored, dead, or a gap that the log does not hold."""
    origin = _origin([(records, part.offsets) for records, part in decoded])
    times = [at for _, part in decoded for at in part.record_times]
    facts = [fact for _, part in decoded for fact in part.facts]
    columns = [*origin, times, ["stored"] * len(facts), fact_hashes(facts)]
    others: list[tuple[Any, ...]] = []
    for records, part in decoded:
        where = records.topic, records.partition
        others += [(*where, dead.offset, dead.record_time, "dead", 0) for dead in part.dead]
        others += [(*where, offset, records.timestamps[0], "gap", 0) for offset in _gaps(records)]
    for column, values in zip(columns, _columns(others, len(columns)), strict=True):
        column += values
    return Block(OFFSETS, columns)


def _gaps(records: Records) -> list[int]:
    """Offsets that the log does not hold (markers of transactions, compaction, deleted before they were read)."""
    if records.end - records.first == len(records.offsets):
        return []
    first = max(records.first, records.end - len(records.offsets) - GAPS_AT_MOST)
    return sorted(set(range(first, records.end)) - set(records.offsets))


def fact_hashes(facts: Sequence[Fact]) -> list[int]:
    """64 bits of each fact's key; equal for every copy of one event. The audit computes the same in SQL."""
    if not facts:
        return []
    nodes = np.frombuffer(b"".join([fact[0] for fact in facts]), "<u8")[::2]
    events = np.frombuffer(b"".join([fact[2] for fact in facts]), "<u8")
    times = np.array([fact[1] for fact in facts], np.int64).view(np.uint64)
    mixed = nodes ^ times * np.uint64(0x9E3779B97F4A7C15) ^ events[::2] * np.uint64(0xC2B2AE3D27D4EB4F) ^ events[1::2]
    hashes: list[int] = mixed.tolist()
    return hashes
