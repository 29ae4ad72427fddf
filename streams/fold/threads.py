"""Which journey an order, ticket, call or chat belongs to: the one whose touchpoint carried it first.

Transactions link touchpoints, never people. A customer has any number of them, so the 16 that were used last are remembered.
"""

from schemas.fact import Fact
from streams.fold.parts import Journey

THREADS_AT_MOST = 16
ENDED = frozenset({"completed", "cancelled"})  # an abandoned journey was given up: what comes later is another


class Threads(dict[str, Journey]):
    """`type:value` -> journey, least recently used first."""

    def owner(self, fact: Fact) -> Journey | None:
        """The journey of the fact's thread, else of the order that it is about."""
        return self.get(fact[8]) or self.get(fact[14])

    def use(self, thread: str, journey: Journey) -> None:
        """A touchpoint of this journey carries the thread; it belongs to the journey unless another has it already."""
        known = self.pop(thread, journey)
        self[thread] = journey if known.outcome == "abandoned" else known
        if len(self) > THREADS_AT_MOST:
            del self[next(iter(self))]
