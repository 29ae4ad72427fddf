"""From a fold's rows to the rows of the tables, and their versions."""

import json
from typing import Any

import xxhash

from schemas.fact import Fact, Row, Signal
from schemas.ids import Id, derived
from schemas.messages import encode
from schemas.scores import sentiment_of
from streams.effects import Message

REVISIONS = 0xFFFF
Owner = tuple[int, int]  # inbox partition and epoch: the fence of a row


def row_hash(customer: Id, fact: Fact, row: Row) -> int:
    """64 bits that differ when anything a reader could see differs; the same in every process. The fact's version stands
    for its columns."""
    return xxhash.xxh3_64_intdigest(encode((customer, fact[5], row)))


def next_version(knowledge: int, stored: int | None) -> int:
    """`knowledge` = rules << 96 | seq << 48 | facts << 16. Another mind about the same knowledge is one revision more; so it
    is if the stored row was written by a fold of the same members that counted more facts."""
    if stored is None or stored >> 48 != knowledge >> 48 or stored >> 16 < knowledge >> 16:
        return knowledge
    return stored & ~REVISIONS | min((stored & REVISIONS) + 1, REVISIONS)


def next_toggle(knowledge: int, stored: int) -> int:
    """Version of a friction row: rules and seq, then how often the signal appeared or was withdrawn."""
    return max(knowledge >> 48, stored >> 48) << 48 | (stored & 0xFFFFFFFFFFFF) + 1


def stitched_row(customer: Id, fact: Fact, row: Row, stamp: tuple[int, int], owner: Owner) -> tuple[Any, ...]:
    """In the column order of the table `stitched`; `stamp` is its version and hash."""
    signals = tuple([signal[0] for signal in row[-2]]) if row[-2] else ()
    seen = fact[3], fact[4], fact[6], fact[7], fact[9], fact[10], *sentiment_of(fact[11], fact[12])
    return (*fact[:3], stamp[0], customer, *seen, *row[:-2], signals, row[-1], stamp[1], fact[5], *owner)


def friction_row(customer: Id, fact: Fact, signal: Signal, stamp: tuple[int, int], owner: Owner) -> tuple[Any, ...]:
    """In the column order of the table `friction`; `stamp` is its version and whether it is live."""
    id = derived(b"signal", fact[0], fact[1], fact[2], signal.name)
    where = fact.channel, signal.location, signal.at, fact.event_time, signal.detail
    return (*fact[:3], signal.name, *stamp, id, customer, *where, *owner)


def signal_message(topic: str, row: tuple[Any, ...], partitions: int) -> Message:
    """A hint for the board and the alerts: a copy of the friction row as JSON, keyed by the signal's id."""
    names = ("signal", "live", "signal_id", "customer_id", "channel", "location", "at", "event_time", "detail")
    values = row[3], row[5], row[6].hex(), row[7].hex(), row[8], row[9], row[10], row[11], row[12]
    data = {**dict(zip(names, values, strict=True)), "version": str(row[4])}
    return Message(topic, row[6][0] % partitions, row[6], json.dumps(data, ensure_ascii=False).encode())
