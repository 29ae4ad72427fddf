"""What lies between the agents and the steps: batching by size and time, pipelining, and acks in their place."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Flush:
    """When a batch is taken: so many records, or so many seconds after its first."""

    records: int = 25_000
    seconds: float = 0.1


@dataclass
class Batch(Generic[T]):
    """Inputs in the order of arrival, and what to call when all that follows from them is durable."""

    inputs: list[T] = field(default_factory=list)
    done: list[Callable[[], object]] = field(default_factory=list)
    weight: int = 0
    began: float = field(default_factory=time.monotonic)

    def finish(self) -> None:
        for call in self.done:
            call()


class Gate(Generic[T]):
    """Collects inputs into batches and hands them to `handle`, at most `lanes` at a time, in order of arrival.

    An exception from `handle` ends `run`: whoever runs it crashes the worker, nothing of the batch is acknowledged.
    """

    def __init__(self, handle: Callable[[Batch[T]], Awaitable[None]], flush: Flush, lanes: int = 1) -> None:
        self._handle, self._flush, self._lanes = handle, flush, lanes
        self._batches: deque[Batch[T]] = deque()
        self._arrived = asyncio.Event()
        self._hurry = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.pending = 0  # inputs taken in and not finished

    def put(self, inputs: Iterable[T], weight: int, done: Callable[[], object]) -> None:
        """Joins the last batch unless that is full; inputs of one call stay together."""
        if not self._batches or self._batches[-1].weight >= self._flush.records:
            self._batches.append(Batch())
        batch = self._batches[-1]
        batch.inputs.extend(inputs)
        batch.done.append(done)
        batch.weight += weight
        self.pending += 1
        self._idle.clear()
        self._arrived.set()

    @property
    def waits(self) -> bool:
        """Whether more has come while a batch is under way."""
        return bool(self._batches)

    @property
    def hurries(self) -> bool:
        """Whether somebody waits until nothing is under way."""
        return self._hurry

    async def settle(self) -> None:
        """Flushes at once and returns when nothing is under way."""
        self._hurry = True
        self._arrived.set()
        try:
            await self._idle.wait()
        finally:
            self._hurry = False

    async def run(self) -> None:
        """Until cancelled or `handle` fails."""
        lanes = asyncio.Semaphore(self._lanes)
        async with asyncio.TaskGroup() as group:
            while True:
                await self._ready()
                await lanes.acquire()
                group.create_task(self._one(self._batches.popleft(), lanes))

    async def _one(self, batch: Batch[T], lanes: asyncio.Semaphore) -> None:
        await self._handle(batch)
        self.pending -= len(batch.done)
        if not self.pending:
            self._idle.set()
        lanes.release()

    async def _ready(self) -> None:
        while not self._batches:
            self._arrived.clear()
            await self._arrived.wait()
        batch = self._batches[0]
        while (left := batch.began + self._flush.seconds - time.monotonic()) > 0 and not self._hurry:
            if batch.weight >= self._flush.records:
                return
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), left)
            except TimeoutError:
                return
