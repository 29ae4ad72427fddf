"""Every offset is exactly one of stored, duplicate, dead, gap or pending: Kafka's logs against what is recorded."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from queries.audit import OffsetRange, Recorded, missing_offsets, recorded_offsets
from sinks.clickhouse.server import Connections
from throughline.lag import Extent


class Balance(NamedTuple):
    """end - first = stored + duplicate + dead + gap + pending + missing, of one partition.

    `pending`: not recorded and not committed yet. `missing`: committed, but in no account. `beyond`: by how much the
    account reaches beyond the log, as a topic that was made anew leaves it; then nothing else adds up.
    """

    topic: str
    partition: int
    first: int
    end: int
    committed: int
    stored: int
    duplicate: int
    dead: int
    gap: int
    pending: int
    missing: int
    beyond: int

    @property
    def is_right(self) -> bool:
        return not self.missing and not self.beyond


class Ledger(NamedTuple):
    """`hours`: what is recorded, by partition and hour. `holes`: the ranges of all missing offsets."""

    balances: list[Balance]
    hours: list[Recorded]
    holes: list[OffsetRange]


def ledger(client: Connections, before: Sequence[Extent], after: Callable[[], Iterable[Extent]]) -> Ledger:
    """`after` is called when the account has been read: an offset that is recorded lies before its ends.

    Of `before` the commits count: what was committed before the account was read must be in it.
    """
    hours = recorded_offsets(client, before)
    ends = {(each.topic, each.partition): each.end for each in after()}
    balances = [balance(each, ends[each.topic, each.partition], _of(each, hours)) for each in before]
    holes = [
        hole
        for each in balances
        if each.missing
        for hole in missing_offsets(client, each.topic, each.partition, each.first, each.committed)
    ]
    return Ledger(balances, hours, holes)


def balance(extent: Extent, end: int, recorded: Sequence[Recorded]) -> Balance:
    """`recorded`: the hours of this one partition, from `extent.first` on."""
    offsets = sum(each.offsets for each in recorded)
    missing = extent.committed - extent.first - sum(each.below_committed for each in recorded)
    beyond = max((each.last_offset + 1 for each in recorded), default=0) - end
    pending = end - extent.first - offsets - missing
    return Balance(
        topic=extent.topic,
        partition=extent.partition,
        first=extent.first,
        end=end,
        committed=extent.committed,
        stored=sum(each.stored for each in recorded),
        duplicate=sum(each.duplicate for each in recorded),
        dead=sum(each.dead for each in recorded),
        gap=sum(each.gap for each in recorded),
        pending=max(0, pending),
        missing=missing,
        beyond=max(0, beyond, -pending),
    )


def _of(extent: Extent, hours: Iterable[Recorded]) -> list[Recorded]:
    return [each for each in hours if (each.topic, each.partition) == (extent.topic, extent.partition)]
