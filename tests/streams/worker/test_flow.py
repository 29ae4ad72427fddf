"""Batches are taken by size and time, in order, and acknowledged only when what handles them has returned."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from streams.worker.flow import Batch, Flush, Gate

SLOW = Flush(records=10, seconds=30.0)
Handler = Callable[[Batch[int]], Awaitable[None]]


def run(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 10))


async def opened(handle: Handler, flush: Flush, lanes: int = 1) -> tuple[Gate[int], asyncio.Task[None]]:
    gate = Gate(handle, flush, lanes)
    return gate, asyncio.create_task(gate.run())


def test_a_full_batch_does_not_wait_for_its_time() -> None:
    async def scene() -> None:
        taken: asyncio.Queue[list[int]] = asyncio.Queue()
        gate, runs = await opened(lambda batch: taken.put(batch.inputs), SLOW)
        gate.put(range(10), 10, lambda: None)
        assert await taken.get() == list(range(10))
        runs.cancel()

    run(scene)


def test_what_comes_after_a_full_batch_begins_the_next() -> None:
    async def scene() -> None:
        taken: asyncio.Queue[list[int]] = asyncio.Queue()
        gate, runs = await opened(lambda batch: taken.put(batch.inputs), SLOW)
        for start in (0, 10, 20):
            gate.put(range(start, start + 10), 10, lambda: None)
        assert [len(await taken.get()) for _ in range(3)] == [10, 10, 10]
        runs.cancel()

    run(scene)


def test_a_batch_that_is_not_full_is_taken_after_its_time() -> None:
    async def scene() -> None:
        taken: asyncio.Queue[list[int]] = asyncio.Queue()
        gate, runs = await opened(lambda batch: taken.put(batch.inputs), Flush(records=10, seconds=0.02))
        gate.put([1], 1, lambda: None)
        assert await taken.get() == [1]
        runs.cancel()

    run(scene)


def test_settling_flushes_at_once_and_waits_for_the_end() -> None:
    async def scene() -> None:
        done: list[int] = []

        async def handle(batch: Batch[int]) -> None:
            await asyncio.sleep(0.02)
            batch.finish()

        gate, runs = await opened(handle, SLOW)
        gate.put([1], 1, lambda: done.append(1))
        await gate.settle()
        assert done == [1] and gate.pending == 0
        runs.cancel()

    run(scene)


def test_no_more_batches_are_under_way_than_there_are_lanes() -> None:
    async def scene() -> None:
        running, most = 0, 0

        async def handle(batch: Batch[int]) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.01)
            running -= 1

        gate, runs = await opened(handle, Flush(records=1, seconds=30.0), lanes=2)
        for _ in range(8):
            gate.put([1], 1, lambda: None)
        await gate.settle()
        assert most == 2
        runs.cancel()

    run(scene)


def test_a_failed_batch_ends_the_gate_and_is_not_acknowledged() -> None:
    async def scene() -> None:
        done: list[int] = []

        async def handle(batch: Batch[int]) -> None:
            raise ValueError("the store is away")

        gate, runs = await opened(handle, Flush(records=1, seconds=0.01))
        gate.put([1], 1, lambda: done.append(1))
        with pytest.raises(ExceptionGroup):
            await runs
        assert not done

    run(scene)
