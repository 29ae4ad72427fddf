"""Runs a step at once against the in-memory store: what is left is the cost of our own code."""

from collections.abc import Generator
from typing import Any, TypeVar

from schemas.store import Store
from streams.effects import Ask, Effect, Pause, Reach, Send, Together, Write, run

T = TypeVar("T")


def drive(step: Generator[Effect, Any, T], store: Store) -> T:
    """The result of the step. What it sends is dropped."""
    return run(step, lambda effect: _perform(effect, store))


def _perform(effect: Effect, store: Store) -> Any:
    match effect:
        case Write(blocks):
            for block in blocks:
                store.insert(block)
            return None
        case Ask(method, args):
            return getattr(store, method)(*args)
        case Send(messages):
            return list(range(len(messages)))
        case Reach() | Pause():
            return None
        case Together(effects):
            return [_perform(one, store) for one in effects]
