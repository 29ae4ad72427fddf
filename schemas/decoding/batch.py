"""A slice of events turned into the columns of a decoded chunk."""

from collections.abc import Sequence
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
from crc32c import crc32c

from schemas.decoding.event_ids import event_ids_of
from schemas.decoding.lane import Lane
from schemas.decoding.refusal import Refusal
from schemas.decoding.rules import DecodeRules
from schemas.decoding.timing import LAST, Timing, out_of_time, timing_of
from schemas.decoding.who import Directory, Identifier, Who
from schemas.fact import Fact
from schemas.identifiers import home_of


class Source(NamedTuple):
    """Records of one partition as Kafka gave them: parallel lists."""

    partition: int
    values: Sequence[bytes | None]
    offsets: Sequence[int]
    times: Sequence[int]
    keys: Sequence[bytes | None]


class Batch(NamedTuple):
    """Accepted events, parallel lists; `indexes` are places in the source. Then what was not accepted, by such indexes."""

    indexes: list[int]
    facts: list[Fact]
    sources: list[str]
    raws: list[bytes]
    homes: list[int]
    identifiers: list[tuple[Identifier, ...]]
    levels: list[int]
    doubtful: list[int]  # the slow lane must decide
    refused: list[tuple[int, Refusal]]


EMPTY = Batch([], [], [], [], [], [], [], [], [])


class Assembler:
    """Makes batches from the records that a lane can decode."""

    def __init__(self, rules: DecodeRules) -> None:
        self._rules = rules
        self._directory = Directory(rules.node_key, rules.region, rules.blocked)

    def batch(self, lane: Lane, source: Source, indexes: list[int], raws: list[bytes]) -> Batch:
        """`raws` are the bytes to decode for the records at `indexes`."""
        events = lane.decode(raws)
        decoded = [event is not None for event in events]
        doubtful = [index for index, good in zip(indexes, decoded, strict=True) if not good]
        if doubtful:
            events, indexes, raws = _only(decoded, events, indexes, raws)
        if not events:
            return EMPTY._replace(doubtful=doubtful)
        whos = self._directory.look_up([bytes(event.identifiers) for event in events])
        timing = timing_of(events, [source.times[index] for index in indexes], self._rules)
        known = timing.readable if None not in whos else timing.readable & np.array([who is not None for who in whos])
        good = known & timing.fits
        if good.all():
            return self._columns(lane, source, (events, indexes, raws, whos), timing)._replace(doubtful=doubtful)
        doubtful += compress(indexes, (~known).tolist())
        refused = [
            (indexes[place], out_of_time(timing, place, self._rules))
            for place in np.flatnonzero(known & ~good).tolist()
        ]
        kept = _only(good.tolist(), events, indexes, raws, whos)
        timing = Timing(*(column[good] for column in timing))
        return self._columns(lane, source, kept, timing)._replace(doubtful=doubtful, refused=refused)

    def _columns(self, lane: Lane, source: Source, kept: Sequence[list[Any]], timing: Timing) -> Batch:
        events, indexes, raws, whos = kept
        if not events:
            return EMPTY
        return Batch(
            indexes,
            _facts(lane, events, raws, whos, timing),
            [event.source for event in events],
            raws,
            self._homes(source, indexes, whos),
            [who.identifiers for who in whos],
            self._levels(events),
            [],
            [],
        )

    def _homes(self, source: Source, indexes: list[int], whos: list[Who]) -> list[int]:
        """A record whose key is that of its node lies in the node's home already."""
        here, keys, partitions = source.partition, source.keys, self._rules.partitions
        return [
            here if who.key == keys[index] else home_of(who.key.decode()) % partitions
            for index, who in zip(indexes, whos, strict=True)
        ]

    def _levels(self, events: list[Any]) -> list[int]:
        cap = self._rules.caps.get
        return [min(1 if event.assurance is None else event.assurance, cap(event.source, 1)) for event in events]


def _only(wanted: list[bool], *columns: list[Any]) -> tuple[list[Any], ...]:
    return tuple(list(compress(column, wanted)) for column in columns)


def _facts(lane: Lane, events: list[Any], raws: list[bytes], whos: list[Who], timing: Timing) -> list[Fact]:
    readers = lane.readers
    threads, values, currencies, metrics, scores, places = zip(
        *[readers[event.__class__](event) for event in events], strict=True
    )
    hashes = np.array(list(map(crc32c, raws)), np.int64) & 0x1FFFFF
    columns = (
        [who.node for who in whos],
        timing.original.tolist(),
        event_ids_of([event.event_id for event in events]),
        timing.event.tolist(),
        timing.received.tolist(),
        ((LAST - timing.received) << 21 | hashes).tolist(),
        [lane.channel] * len(events),
        [event.event for event in events],
        [who.thread or thread for who, thread in zip(whos, threads, strict=True)],
        values, currencies, metrics, scores, places,
    )  # fmt: skip
    return list(map(Fact._make, zip(*columns, strict=True)))
