"""A desk: one journeys step with its gate. A worker has several, each for partitions of its own, so that one folds while
another waits for the store. Within a desk one batch is folded at a time."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from streams.steps.journeys import Item, Journeys
from streams.steps.sweep import Sweep
from streams.worker.flow import Batch, Flush, Gate
from streams.worker.measures import Measures
from streams.worker.pace import Pace
from streams.worker.performer import Performer

STALE_AT_ONCE = 5_000  # nodes that one query finds
Clock = Callable[[], int]  # ms UTC


class Desk:
    """Folds what is put into its gate and acknowledges it when it is durable."""

    def __init__(
        self, journeys: Journeys, performer: Performer, measures: Measures, clock: Clock, flush: Flush
    ) -> None:
        self.journeys, self.sweep, self._pace = journeys, Sweep(journeys), Pace()
        self.gate: Gate[Item] = Gate(self._fold, flush)
        self._performer, self._measures, self._clock = performer, measures, clock

    async def assign(self, partition: int) -> None:
        await self._performer.drive(self.journeys.assign(partition, self._clock()))

    async def look_ahead(self) -> None:
        await self._performer.drive(self.journeys.look_ahead(self._clock()))

    async def look_for_stale(self) -> None:
        """Finds rows that older rules have made, if it is time to."""
        if self.sweep.looks(self._clock()):
            await self._performer.drive(self.sweep.look(STALE_AT_ONCE, self._clock()))

    def wake(self) -> float:
        """Has the customers folded whose deadline has come. Gives the seconds until the next, not above 0 if there are more."""
        due = self.journeys.deadlines.next_due()
        left = math.inf if due is None else (due - self._clock()) / 1000
        if (left <= 0 or self.sweep.is_due) and not self.gate.pending:
            self.gate.put([], 0, _nothing)
        return left

    async def _fold(self, batch: Batch[Item]) -> None:
        mine = [item for item in batch.inputs if item.partition in self.journeys.epochs]
        with self._measures.folding(len(mine)) as note:
            note(await self._performer.drive(self.journeys.take(mine, self._clock())))
        batch.finish()  # also what was left of a partition that has gone: such acks are of its former lane and count for nothing
        await self._sweep()

    async def _sweep(self) -> None:
        """Until nothing is left or live events come; while they keep coming, a portion now and then."""
        while self.sweep.is_due and not self.gate.hurries and self._pace.admits(self.gate.waits):
            with self._pace.portion() as limit, self._measures.folding(0) as note:
                note(await self._performer.drive(self.sweep.portion(limit, self._clock())))


def desk_of(partition: int, desks: int) -> int:
    """The number of the desk that a partition belongs to."""
    return partition % desks


def is_folded_at(journeys: Sequence[Journeys], partition: int) -> bool:
    """Whether one of these desks' steps owns the partition now: its marks may take the short way."""
    return partition in journeys[desk_of(partition, len(journeys))].epochs


class Desks:
    """All desks of a worker, by the number that `desk_of` gives."""

    def __init__(self, desks: Sequence[Desk]) -> None:
        self._desks = desks

    def __iter__(self) -> Iterator[Desk]:
        return iter(self._desks)

    def of(self, partition: int) -> Desk:
        return self._desks[desk_of(partition, len(self._desks))]

    def put(self, items: Iterable[Item], done: Callable[[], object]) -> None:
        """`done` is called once all of these are durable, at once if there are none."""
        shares: dict[int, list[Item]] = defaultdict(list)
        for item in items:
            shares[desk_of(item.partition, len(self._desks))].append(item)
        if not shares:
            done()
            return
        finish = _after(len(shares), done)
        for number, share in shares.items():
            self._desks[number].gate.put(share, len(share), finish)

    async def run(self) -> None:
        """Until cancelled or a step fails."""
        async with asyncio.TaskGroup() as group:
            for desk in self._desks:
                group.create_task(desk.gate.run())

    async def settle(self) -> None:
        await asyncio.gather(*(desk.gate.settle() for desk in self._desks))


def _after(calls: int, done: Callable[[], object]) -> Callable[[], None]:
    """A function that calls `done` when it is called for the last of so many times."""
    left = calls

    def count() -> None:
        nonlocal left
        left -= 1
        if not left:
            done()

    return count


def _nothing() -> None:
    """An empty batch has nobody to tell."""
