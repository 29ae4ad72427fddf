"""Tells our own code which partitions it has, before their first chunk and after their last ack."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from faust.types import TP

Partitions = frozenset[TP]


class PartitionListener:
    """Subclass and override what is needed. An exception from any of the three crashes the worker.

    Kafka's group takes all partitions away at every rebalance and gives them out again. What comes back to the same
    worker in the very next generation nobody else can have had: that is neither lost nor gained.
    """

    async def gained(self, partitions: Partitions, generation: int) -> None:
        """These are new. Their first chunk is delivered after this returns; it may take long, other partitions flow.

        A rebalance cancels it; then either it is called again or `lost` is.
        """

    async def draining(self, partitions: Partitions) -> None:
        """A rebalance or a stop has begun: finish and ack what is in hand, start nothing.

        Acks are waited for meanwhile and committed afterwards, for `Limits.drain` seconds at most; then this is
        cancelled. No new chunk arrives before the next generation.
        """

    async def lost(self, partitions: Partitions) -> None:
        """These are not ours any more, all their commits are done. Forget them quickly: the group waits for this."""


class Ownership:
    """Which partitions the listeners believe to have. `crash` is told of an exception in `gained`."""

    def __init__(self, crash: Callable[[BaseException], Awaitable[None]], opened: Callable[[], None]) -> None:
        self.listeners: list[PartitionListener] = []
        self.held: Partitions = frozenset()
        self.closed: set[TP] = set()  # gained is under way: deliver nothing
        self._crash = crash
        self._opened = opened
        self._generation = -1
        self._gaining: asyncio.Task[None] | None = None

    async def revoked(self) -> None:
        """A rebalance has begun."""
        if self._gaining:
            self._gaining.cancel()
            await asyncio.wait([self._gaining])

    async def draining(self) -> None:
        await self._tell(listener.draining(self.held) for listener in self.listeners)

    async def assigned(self, partitions: Iterable[TP], generation: int) -> None:
        """Tells what was lost, and begins to tell what was gained; that goes on after this has returned."""
        mine = frozenset(partitions)
        undisturbed = generation in (self._generation, self._generation + 1)
        kept = (self.held - self.closed) & mine if undisturbed else frozenset()
        lost, gained = self.held - kept, mine - kept
        self.held, self.closed, self._generation = mine, set(gained), generation
        if lost:
            await self._tell(listener.lost(lost) for listener in self.listeners)
        if gained:
            self._gaining = asyncio.create_task(self._gain(gained, generation))

    async def _gain(self, gained: Partitions, generation: int) -> None:
        try:
            await self._tell(listener.gained(gained, generation) for listener in self.listeners)
        except Exception as error:
            await self._crash(error)
        else:
            self.closed -= gained
            self._opened()

    async def _tell(self, calls: Iterable[Awaitable[None]]) -> None:
        await asyncio.gather(*calls)
