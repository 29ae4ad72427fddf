"""What a step asks of the outside world. A step is a generator: it yields effects and is sent their results, so the same code
runs on real Kafka and ClickHouse, and in the simulation that may kill it between any two effects.

| effect | result | raises |
|---|---|---|
| `Write(blocks)` | None, when every block is acknowledged | Fenced, Unavailable |
| `Ask(method, args)` | what that method of `schemas.store.Store` returns | Unavailable |
| `Send(messages)` | the offset of each message | Unavailable |
| `Reach(position)` | None, when the view has applied identity.changes up to this position, or `END`: to its end as of now | |
| `Pause()` | None; others had their turn | |
| `Together(effects)` | list of results; all have ended, also when one raises | the first that failed |
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from schemas.tables import Block

T = TypeVar("T")
END = -1


class Message(NamedTuple):
    """One Kafka record to produce, to an explicit partition."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes


@dataclass(frozen=True)
class Write:
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Ask:
    method: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Send:
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class Reach:
    position: int


@dataclass(frozen=True)
class Pause:
    """Between two portions of a long piece of work."""


@dataclass(frozen=True)
class Together:
    effects: tuple["Effect", ...]


Effect = Write | Ask | Send | Reach | Pause | Together


def run(step: Generator[Effect, Any, T], perform: Callable[[Effect], Any]) -> T:
    """Runs a step to its end, one effect after the other; for whoever has nothing else to do meanwhile."""
    answer: Any = None
    while True:
        try:
            effect = step.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        answer = perform(effect)
