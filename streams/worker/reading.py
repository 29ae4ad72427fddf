"""What the records of the internal topics say.

A record that is no message of ours is told and passed over, since it would stop its partition for good: a lost mark is
found by the audit, and a claim that cannot be read claims nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple, TypeVar

import msgspec

from schemas.messages import RULES_KEY, Change, Claim, Inbox, Ruling, decode
from streams.steps.journeys import Item
from streams.transport import Chunk
from streams.view import View
from throughline import metrics
from throughline.logs import get_logger

T = TypeVar("T")
log = get_logger(__name__)


def messages_of(type: type[T], chunk: Chunk) -> Iterator[tuple[int, T]]:
    """(offset, message) of each record that is one; tombstones of compaction say nothing."""
    for offset, value in zip(chunk.offsets, chunk.values, strict=True):
        if value is None:
            continue
        try:
            yield offset, decode(type, value)
        except msgspec.MsgspecError as error:
            metrics.UNREADABLE.labels(chunk.topic).inc()
            place = {"topic": chunk.topic, "partition": chunk.partition, "offset": offset}
            log.error("passed over a record that is no message of ours; who wrote it?", why=str(error), **place)


def items_of(chunk: Chunk) -> list[Item]:
    """The marks and barriers of inbox messages, in their order."""
    items: list[Item] = []
    for _, message in messages_of(Inbox, chunk):
        items += [Item(chunk.partition, mark) for mark in message.marks]
        if message.barrier is not None:
            items.append(Item(chunk.partition, message.barrier))
    return items


def claims_of(chunk: Chunk) -> tuple[list[int], list[Claim]]:
    """Offsets and claims, as parallel lists."""
    read = list(messages_of(Claim, chunk))
    return [offset for offset, _ in read], [claim for _, claim in read]


class Said(NamedTuple):
    """The claims of one chunk with their offsets. `renew` tells the watchdog that they are in work."""

    offsets: list[int]
    claims: list[Claim]
    renew: Callable[[], object]


def in_a_row(chunks: Iterable[Said]) -> list[tuple[list[int], list[Claim]]]:
    """Chunks that follow each other are one. Where one is missing, as after a rebalance, another may have decided what lies
    between, so what comes then begins anew."""
    found: list[tuple[list[int], list[Claim]]] = []
    for offsets, claims, _ in chunks:
        if found and claims and found[-1][0][-1] + 1 == offsets[0]:
            found[-1][0].extend(offsets)
            found[-1][1].extend(claims)
        elif claims:
            found.append((list(offsets), list(claims)))
    return found


def follow(view: View) -> Callable[[Chunk], None]:
    """What `streams.transport.Broadcast` does with the records of identity.changes. One that cannot be read ends the
    worker: a view that had missed a change would stay wrong, and the next begins at the end of the topic."""
    return partial(_apply, view)


def _apply(view: View, chunk: Chunk) -> None:
    records = zip(chunk.keys, chunk.values, strict=True)
    view.apply(chunk.next_offset, [announced(key, value) for key, value in records if value is not None])


def announced(key: bytes | None, value: bytes) -> Change | Ruling:
    """A record of identity.changes."""
    return decode(Ruling, value) if key == RULES_KEY else decode(Change, value)
