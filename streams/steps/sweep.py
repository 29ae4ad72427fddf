"""The sweep after a change of rules: every row that older rules have made is found and folded again, a small portion at a time.

It is asked of the store what is left, so a worker that dies forgets nothing, and whoever owns the partition next goes on. A pass
over the table that finds nothing is the end. Rows whose customer is at home elsewhere are handed over like any mark, and found
again by the next pass if they were not folded by then.
"""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from schemas.ids import NONE, Id
from schemas.messages import Mark
from streams.effects import Ask, Effect
from streams.steps.journeys import Done, Item, Journeys

RESTS_AT_MOST = 60_000  # ms
Stale = tuple[Id, int, int]  # node, inbox partition, rows
Goal = tuple[int, tuple[tuple[int, int], ...]]  # version of the rules, partitions with their epochs


@dataclass
class Sweep:
    """Of one journeys step. `left`: rows that older rules have made, as far as this one knows. `rest`: ms until the next pass when
    a pass has found no fewer than the one before, twice as long each time."""

    journeys: Journeys
    rest: int = 1_000
    left: int = 0
    _waiting: list[Stale] = field(default_factory=list)
    _going: Goal = (0, ())
    _done: Goal = (1, ())
    _after: Id = NONE
    _found: int = 0
    _before: int = 1 << 62
    _rests: int = 0
    _until: int = 0

    @property
    def version(self) -> int:
        """Of the rules that are to have made every row. Only those by which batches are folded already: while older ones are
        under way, the table does not show yet what they write."""
        return self.journeys.rules.version

    @property
    def is_behind(self) -> bool:
        """Whether the next batch will be folded by newer rules."""
        ruled = self.journeys.view.rules
        return ruled is not None and ruled.version > self.version

    @property
    def is_over(self) -> bool:
        """Whether everything of the present partitions was made by the present rules."""
        done = not self.journeys.epochs or self.version == 1 or self._goal() == self._done
        return done and not self.is_behind

    @property
    def is_due(self) -> bool:
        """Whether a portion would do something."""
        return self.is_behind or (bool(self._waiting) and self._goal() == self._going)

    def looks(self, now: int) -> bool:
        """Whether it is time to look for more."""
        return not (self.is_over or self.is_due) and (self._goal() != self._going or now >= self._until)

    def look(self, limit: int, now: int) -> Generator[Effect, Any, None]:
        """Finds at most `limit` nodes. On a large table that takes seconds; batches may be folded meanwhile. Not for two at once."""
        goal = self._goal()
        partitions = tuple(partition for partition, _ in goal[1])
        if goal != self._going:
            self._begin(goal)
            self.left = yield Ask("stale_rows", (partitions, goal[0]))
        self._waiting = yield Ask("stale_nodes", (partitions, goal[0], limit, self._after))
        if self._waiting:
            self._after, self._found = self._waiting[-1][0], self._found + len(self._waiting)
        else:
            self._end_pass(goal, now)

    def portion(self, limit: int, now: int) -> Generator[Effect, Any, Done]:
        """Folds the customers of nodes that were found, with about `limit` rows, and like every batch those whose deadline has
        come. Before any were found it takes over the newest rules. Raises what the effects raise: nothing is forgotten then."""
        waiting, seen = self._waiting, self.journeys.view.position
        some = list(_first(waiting, limit))
        items = [Item(partition, Mark(node, None, seen, 0)) for node, partition, _ in some]
        done = yield from self.journeys.take(items, now)
        del waiting[: len(some)]
        self.left = max(0, self.left - sum(rows for _, _, rows in some))
        return done

    def _goal(self) -> Goal:
        return self.version, tuple(sorted(self.journeys.epochs.items()))

    def _begin(self, goal: Goal) -> None:
        self._going, self._after, self._found, self._before = goal, NONE, 0, 1 << 62
        self._rests = self._until = 0

    def _end_pass(self, goal: Goal, now: int) -> None:
        if not self._found:
            self._done, self.left = goal, 0
            return
        if self._found >= self._before:
            self._until = now + min(self.rest << self._rests, RESTS_AT_MOST)
            self._rests = min(self._rests + 1, 10)
        self.left = max(self.left, 1)
        self._after, self._before, self._found = NONE, self._found, 0


def _first(stale: Iterable[Stale], limit: int) -> Iterator[Stale]:
    """At least one, and more while they have fewer rows than `limit`."""
    for one in stale:
        if limit <= 0:
            return
        limit -= one[2]
        yield one
