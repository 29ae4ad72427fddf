"""Performs the effects of a step in many small turns: each `yield` is a place where the process may be killed or put to sleep."""

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from schemas.tables import DEADLINES
from streams.effects import END, Ask, Effect, Pause, Reach, Send, Together, Write
from tests.simulation.assertions import check_forwards
from throughline.errors import ThroughlineError, Unavailable

if TYPE_CHECKING:
    from tests.simulation.process import Process

T = TypeVar("T")
Turns = Generator[None, None, T]


class Driver:
    """Of one process. `weather` says how often an effect fails although nobody was killed."""

    def __init__(self, process: "Process") -> None:
        self.process, self.world = process, process.world
        self.random = process.world.random

    def drive(self, role: str, step: Generator[Effect, Any, T]) -> Turns[T]:
        """Runs a step to its end. Rules that were removed put another effect, or another order, in the place of its own."""
        removed, deferred = self.world.removed, list[Effect]()
        result: Any = None
        failure: ThroughlineError | None = None
        while True:
            try:
                effect = step.throw(failure) if failure else step.send(result)
            except StopIteration as stop:
                yield from self.together([self.perform(one) for one in deferred])
                return stop.value  # type: ignore[no-any-return]  # StopIteration.value has no type of its own
            result, failure = None, None
            if role == "journeys" and isinstance(effect, Send) and not removed.names:
                check_forwards(self.process.folding, effect.messages)
            if removed.defers(role, effect):
                deferred.append(effect)
                continue
            try:
                if deferred and isinstance(effect, Together):
                    result = yield from self._with_deferred(effect, deferred)
                    continue
                result = yield from self.perform(removed.effect(role, effect))
                result = removed.answer(self.process, effect, result)
            except ThroughlineError as error:
                failure = error

    def _with_deferred(self, effect: Together, deferred: list[Effect]) -> Turns[list[Any]]:
        """The messages, some time later what was deferred, then the rest."""
        first, *rest = effect.effects
        results = [(yield from self.perform(first))]
        for _ in range(self.random.choice((0, 30, 300))):
            yield
        while deferred:
            yield from self.perform(deferred.pop())
        for one in rest:
            results.append((yield from self.perform(one)))
        return results

    def perform(self, effect: Effect) -> Turns[Any]:
        match effect:
            case Write(blocks):
                return (yield from self.together([self._write(block) for block in blocks]))
            case Ask(method, args):
                return (yield from self._ask(method, args))
            case Send(messages):
                return (yield from self._send(messages))
            case Reach(position):
                return (yield from self._reach(position))
            case Pause():
                yield
            case Together(effects):
                return (yield from self.together([self.perform(one) for one in effects]))

    def together(self, calls: list[Turns[Any]]) -> Turns[list[Any]]:
        """All of them, interleaved at random; all have ended, also when one raises."""
        results: dict[int, Any] = {}
        failures: dict[int, ThroughlineError] = {}
        going = dict(enumerate(calls))
        while going:
            n = self.random.choice(list(going))
            try:
                next(going[n])
            except StopIteration as stop:
                results[n] = stop.value
                del going[n]
            except ThroughlineError as error:
                failures[n] = error
                del going[n]
            yield
        if failures:
            raise failures[min(failures)]
        return [results[n] for n in range(len(calls))]

    def _write(self, block: Any) -> Turns[None]:
        yield
        insert = self.world.server.begin(block, self.process)
        if block.table is DEADLINES:
            self.process.armed.update(zip(*block.columns, strict=True))
        while not insert.done:
            if insert.killed:
                raise Unavailable("the query was killed")
            yield
        self._weather()

    def _ask(self, method: str, args: Iterable[Any]) -> Turns[Any]:
        self._weather()
        yield
        answer = self.world.server.ask(method, tuple(args))
        yield
        return answer

    def _send(self, messages: Iterable[Any]) -> Turns[list[int]]:
        offsets = []
        for message in messages:
            yield
            offsets.append(self.world.kafka.append(message, self.world.now))
        self._weather()
        return offsets

    def _reach(self, position: int) -> Turns[None]:
        end = self.world.kafka.end(self.process.changes) if position == END else position
        while self.process.view.position < end:
            yield

    def _weather(self) -> None:
        if not self.world.calm and self.random.random() < self.world.weather.unavailable:
            raise Unavailable("the simulation let it fail")
