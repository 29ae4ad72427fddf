"""A slice of events turned into the columns of a decoded chunk."""

from collections.abc import Iterator, Sequence
from itertools import compress, repeat
from operator import add
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
from schemas.looks import Looks


class Source(NamedTuple):
    """Records of one partition as Kafka gave them: parallel lists."""

    partition: int
    values: Sequence[bytes | None]
    offsets: Sequence[int]
    times: Sequence[int]
    keys: Sequence[bytes | None]


class Accepted(NamedTuple):
    """Events, as parallel lists; `indexes` are places in the source."""

    indexes: list[int]
    facts: list[Fact]
    sources: list[str]
    raws: list[bytes]
    homes: list[int]
    identifiers: list[tuple[Identifier, ...]]
    levels: list[int]


NOTHING = Accepted([], [], [], [], [], [], [])


class Batch(NamedTuple):
    """What became of records: accepted, left to the slow lane, refused; the latter two by places in the source."""

    accepted: Accepted = NOTHING
    doubtful: tuple[int, ...] = ()
    refused: tuple[tuple[int, Refusal], ...] = ()


class Assembler:
    """Makes batches from the records that a lane can decode."""

    def __init__(self, rules: DecodeRules, looks: Looks) -> None:
        self._rules, self.looks = rules, looks
        self._directory = Directory(rules.node_key, rules.region, rules.blocked)

    def batch(self, lane: Lane, source: Source, indexes: list[int], raws: list[bytes]) -> Batch:
        """`raws` are the bytes to decode for the records at `indexes`."""
        events = lane.decode(raws)
        decoded = [event is not None for event in events]
        doubtful: tuple[int, ...] = ()
        if not all(decoded):
            doubtful = tuple(index for index, good in zip(indexes, decoded, strict=True) if not good)
            events, indexes, raws = _only(decoded, events, indexes, raws)
        return self._timed(lane, source, (events, indexes, raws), doubtful)

    def _timed(self, lane: Lane, source: Source, records: Sequence[list[Any]], doubtful: tuple[int, ...]) -> Batch:
        events, indexes, _ = records
        if not events:
            return Batch(doubtful=doubtful)
        whos = self._directory.look_up([bytes(event.identifiers) for event in events])
        timing = timing_of(events, [source.times[index] for index in indexes], self._rules)
        known = timing.readable if None not in whos else timing.readable & np.array([who is not None for who in whos])
        good = known & timing.fits
        if good.all():
            return Batch(self._columns(lane, source, (*records, whos), timing), doubtful)
        late = np.flatnonzero(known & ~good).tolist()
        refused = tuple((indexes[place], out_of_time(timing, place, self._rules)) for place in late)
        kept = _only(good.tolist(), *records, whos)
        accepted = self._columns(lane, source, kept, timing.only(good))
        return Batch(accepted, (*doubtful, *compress(indexes, (~known).tolist())), refused)

    def _columns(self, lane: Lane, source: Source, kept: Sequence[list[Any]], timing: Timing) -> Accepted:
        events, indexes, raws, whos = kept
        if not events:
            return NOTHING
        return Accepted(
            indexes,
            self._named(_facts(lane, events, raws, whos, timing), raws),
            [event.source for event in events],
            raws,
            [who.home % self._rules.partitions for who in whos],
            [who.identifiers for who in whos],
            self._levels(events),
        )

    def _named(self, facts: list[Fact], raws: list[bytes]) -> list[Fact]:
        """The facts with the properties that the rules name; mostly the same facts."""
        read = self.looks.in_event
        if self.looks:
            for place, fact in enumerate(facts):
                if found := read(fact[6], fact[7], raws[place]):
                    facts[place] = fact._replace(named=found)
        return facts

    def _levels(self, events: list[Any]) -> list[int]:
        level = self._rules.level
        return [level(event.assurance, event.source) for event in events]


def merged(first: Accepted, second: Accepted) -> Accepted:
    """Both in the order of their indexes."""
    if not second.indexes:
        return first
    indexes = first.indexes + second.indexes
    order = sorted(range(len(indexes)), key=indexes.__getitem__)
    return Accepted(*_sorted(first, second, order))


def _sorted(first: Accepted, second: Accepted, order: list[int]) -> Iterator[list[Any]]:
    for column in map(add, first, second):
        yield [column[place] for place in order]


def _only(wanted: list[bool], *columns: list[Any]) -> tuple[list[Any], ...]:
    return tuple(list(compress(column, wanted)) for column in columns)


def _facts(lane: Lane, events: list[Any], raws: list[bytes], whos: list[Who], timing: Timing) -> list[Fact]:
    readers = lane.readers
    said = [readers[event.__class__](event) for event in events]
    said_threads, values, currencies, metrics, scores, places, said_orders = zip(*said, strict=True)
    threads = [who.thread or thread for who, thread in zip(whos, said_threads, strict=True)]
    orders = [who.order or order for who, order in zip(whos, said_orders, strict=True)]
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
        threads,
        values,
        currencies,
        metrics,
        scores,
        places,
        ["" if order == thread else order for thread, order in zip(threads, orders, strict=True)],
        repeat(()),
    )
    return list(map(_new_tuple, repeat(Fact), zip(*columns, strict=False)))


_new_tuple: Any = tuple.__new__  # what Fact._make calls, without its own cost per event
