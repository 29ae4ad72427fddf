"""Performs the effects of steps on the real Kafka and the real store."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from schemas.store import Store
from streams.effects import END, Ask, Effect, Pause, Reach, Send, Together, Write
from streams.view import View

T = TypeVar("T")


class Sender(Protocol):
    async def send(self, records: Any) -> list[int]: ...


class Follower(Protocol):
    """Follows identity.changes: `streams.transport.Broadcast`."""

    position: int

    async def reach(self, position: int) -> None: ...
    async def reach_end(self) -> int: ...


def _nothing() -> None:
    """Nobody asks how long it takes."""


class Performer:
    """One for each worker. The store is blocking and is called from `threads` threads."""

    def __init__(self, store: Store, sender: Sender, follower: Follower, view: View, threads: int = 8) -> None:
        self._store, self._sender, self._follower, self._view = store, sender, follower, view
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store")

    async def drive(self, step: Generator[Effect, Any, T], paused: Callable[[], object] = _nothing) -> T:
        """Runs a step to its end. An effect that fails is raised inside the step, which may clean up, and comes out here.
        `paused` is called whenever a long step lets others go on."""
        result: Any = None
        failure: BaseException | None = None
        while True:
            try:
                effect = step.throw(failure) if failure else step.send(result)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]  # StopIteration.value has no type of its own
            result, failure = None, None
            if isinstance(effect, Pause):
                paused()
            try:
                result = await self.perform(effect)
            except Exception as error:
                failure = error

    async def perform(self, effect: Effect) -> Any:
        match effect:
            case Write(blocks):
                return await self._all([self._call("insert", block) for block in blocks])
            case Ask(method, args):
                return await self._call(method, *args)
            case Send(messages):
                return await self._sender.send(messages) if messages else []
            case Reach(position):
                return await self._reach(position)
            case Pause():
                return await asyncio.sleep(0)
            case Together(effects):
                return await self._all([self.perform(one) for one in effects])

    async def _reach(self, position: int) -> None:
        if position == END:
            await self._follower.reach_end()
        else:
            await self._follower.reach(position)
        self._view.apply(self._follower.position, ())

    async def _all(self, calls: Sequence[Any]) -> list[Any]:
        """Waits for all, also when one fails: nothing of a step is under way when the step goes on."""
        results = await asyncio.gather(*calls, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return results

    async def _call(self, method: str, *args: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, getattr(self._store, method), *args)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
