"""A customer's timeline: facts in, rows out, one cheap step for a fact in order and a short way back for a late one."""

from bisect import bisect_left
from collections.abc import Iterable

from schemas.fact import Fact, Key, Row
from schemas.ids import NONE, Id
from streams.fold.ledger import Ledger
from streams.fold.rules import JourneyRules
from streams.fold.state import State

CHECKPOINT_EVERY = 32
CHECKPOINTS_AT_MOST = 64
BYTES_EMPTY = 2_600  # measured by bench/fold.py
BYTES_PER_FACT = 900


def attached(status: str) -> Row:
    """The row of a fact that belongs to the customer and has no part in the fold."""
    return Row(status, NONE, NONE, "", "", "", 0, 0, 0, 0, "", 0, 0, 0, 0, 0, 0, 0, (), (), 0)


LATE, DUPLICATE = attached("late"), attached("duplicate")


def order(fact: Fact) -> tuple[int, Id, Id, int]:
    """The order of a timeline: event time, then what makes it the same for everybody."""
    return fact[3], fact[2], fact[0], fact[1]


class Timeline:
    """Takes the facts of one customer in any order and any number of times. No thread may share it.

    Equal to `fold` of all its facts at the greatest `now` it was told. Not promised: that a row of `changes` differs.
    """

    __slots__ = ("_aside", "_aside_changed", "_checkpoints", "_facts", "_first", "_groups", "_ledger", "_rules", "_state",
                 "count")  # fmt: skip

    def __init__(self, rules: JourneyRules) -> None:
        self._rules = rules
        self.count = 0  # distinct fact keys
        self._first: dict[Id, Fact] = {}  # the first fact told under each event id
        self._groups: dict[tuple[int, Id], dict[Key, Fact]] = {}  # facts of one event, where there was more than one
        self._aside: dict[Key, Row] = {}  # late and duplicate facts
        self._aside_changed: set[Key] = set()
        self._start(0)

    def _start(self, now: int) -> None:
        self._facts: list[Fact] = []
        self._state, self._ledger = State(self._rules), Ledger(now)
        self._checkpoints: list[tuple[int, State]] = []

    @property
    def newest(self) -> int:
        """Event time of the last folded fact, 0 if there is none."""
        return self._facts[-1][3] if self._facts else 0

    @property
    def size(self) -> int:
        """About how many bytes this timeline holds, its facts included."""
        return BYTES_EMPTY + BYTES_PER_FACT * self.count

    def add(self, facts: Iterable[Fact]) -> None:
        """Takes facts in. Those before facts that are known cost one re-fold per call, from the checkpoint before them."""
        fresh: list[Fact] = []
        again = False
        for fact in facts:
            first = self._first.get(fact[2])
            if first is None:
                self._first[fact[2]] = fact
                self._admit(fact, fresh)
            elif first != fact and self._odd(first, fact, fresh):
                again = True
        if again:
            self._rebuild()
        elif fresh:
            self._insert(fresh)

    def advance(self, now: int) -> None:
        """Decides every deadline with due <= now. A `now` before the greatest so far changes nothing."""
        self._ledger.advance(now)

    @property
    def now(self) -> int:
        """The time up to which deadlines are decided, ms."""
        return self._ledger.now

    def next_due(self) -> int | None:
        """The earliest deadline that is still open, ms."""
        return self._ledger.next_due()

    def changes(self) -> dict[Key, Row]:
        """Rows that may differ since the last call."""
        rows, facts = self._ledger.rows, self._facts
        changed = {facts[place][:3]: rows[place] for place in self._ledger.take()}
        if self._aside_changed:
            changed.update((key, self._aside[key]) for key in self._aside_changed)
            self._aside_changed = set()
        return changed

    def _admit(self, fact: Fact, fresh: list[Fact]) -> None:
        """Counts a fact of a new key."""
        self.count += 1
        if fact[4] - fact[3] > self._rules.late_after:
            self._put_aside(fact, LATE)
        else:
            fresh.append(fact)

    def _put_aside(self, fact: Fact, row: Row) -> None:
        self._aside[fact[:3]] = row
        self._aside_changed.add(fact[:3])

    def _odd(self, first: Fact, fact: Fact, fresh: list[Fact]) -> bool:
        """Takes a fact whose event id is known. True if what was folded before may be wrong now."""
        group = self._groups.setdefault(fact[1:3], {first.key: first} if first[1] == fact[1] else {})
        known = group.get(fact.key)
        if known is not None and (known[5], known) >= (fact[5], fact):
            return False
        group[fact.key] = fact
        if known is not None:
            return True
        if len(group) > 1 and counted(group.values()) is not fact:
            self.count += 1
            self._put_aside(fact, DUPLICATE)
            return False
        self._admit(fact, fresh)
        return len(group) > 1

    def _rebuild(self) -> None:
        """Folds everything again."""
        groups = [list(group.values()) for group in self._groups.values()]
        groups += [[fact] for fact in self._first.values() if fact[1:3] not in self._groups]
        self._start(self._ledger.now)
        self._aside, self._aside_changed = {}, set()
        self.count = 0
        fresh: list[Fact] = []
        for group in groups:
            winner = counted(group)
            self._admit(winner, fresh)
            for fact in group:
                if fact is not winner:
                    self.count += 1
                    self._put_aside(fact, DUPLICATE)
        if fresh:
            self._insert(fresh)

    def _insert(self, fresh: list[Fact]) -> None:
        facts = self._facts
        if len(fresh) > 1:
            fresh.sort(key=order)
        if not facts or order(fresh[0]) > order(facts[-1]):
            start = len(facts)
            facts += fresh
        else:
            place = bisect_left(facts, order(fresh[0]), key=order)
            facts[place:] = sorted(facts[place:] + fresh, key=order)
            start = self._rewind(place)
        self._run(start)

    def _rewind(self, place: int) -> int:
        """Back to the last checkpoint at or before a place; gives its place."""
        while self._checkpoints and self._checkpoints[-1][0] > place:
            self._checkpoints.pop()
        start, checkpoint = self._checkpoints[-1] if self._checkpoints else (0, None)
        self._state = checkpoint.copy() if checkpoint else State(self._rules)
        self._ledger.rewind(start, self._state)
        return start

    def _run(self, start: int) -> None:
        facts, ledger, step, rows = self._facts, self._ledger, self._state.step, self._ledger.rows
        for place in range(start, len(facts)):
            if not place % CHECKPOINT_EVERY and place:
                self._checkpoint(place)
            rows.append(step(facts[place], place, ledger))

    def _checkpoint(self, place: int) -> None:
        """Keeps a copy of the state before the fact at this place; the older half gets sparser when there are too many."""
        kept = self._checkpoints
        if kept and kept[-1][0] >= place:
            return
        kept.append((place, self._state.copy()))
        if len(kept) > CHECKPOINTS_AT_MOST:
            del kept[: CHECKPOINTS_AT_MOST // 2 : 2]


def counted(facts: Iterable[Fact]) -> Fact:
    """Of the facts of one event under several identifiers, the one that was received first."""
    return min(facts, key=lambda fact: (-fact[5], fact[0]))
