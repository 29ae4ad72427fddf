"""A customer's timeline: facts in, rows out, one cheap step for a fact in order and a short way back for a late one."""

from bisect import bisect_left
from collections.abc import Collection, Iterable

from schemas.fact import Fact, Key, Row
from schemas.ids import NONE, Id
from streams.fold.ledger import Ledger
from streams.fold.rules import JourneyRules
from streams.fold.state import Checkpoint, State

CHECKPOINT_EVERY = 32
CHECKPOINTS_AT_MOST = 64
BYTES_EMPTY = 1_900  # measured by bench/fold.py
BYTES_PER_FACT = 700


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

    __slots__ = ("_aside", "_aside_changed", "_checkpoints", "_every", "_facts", "_first", "_groups", "_ledger",
                 "_more", "_rules", "_state")  # fmt: skip

    def __init__(self, rules: JourneyRules, checkpoint_every: int = CHECKPOINT_EVERY) -> None:
        self._rules, self._every = rules, checkpoint_every
        self._first: dict[Id, Fact] = {}  # the first fact told under each event id
        self._groups: dict[tuple[int, Id], dict[Key, Fact]] = {}  # facts of one event, where there was more than one
        self._more = 0  # keys that are not the first of their event id
        self._aside: dict[Key, Row] = {}  # late and duplicate facts
        self._aside_changed: dict[Key, Fact] = {}
        self._start(0)

    def _start(self, now: int) -> None:
        self._facts: list[Fact] = []
        self._state, self._ledger = State(self._rules), Ledger(now)
        self._checkpoints: list[tuple[int, Checkpoint]] = []

    @property
    def count(self) -> int:
        """Distinct fact keys."""
        return len(self._first) + self._more

    @property
    def newest(self) -> int:
        """Event time of the last folded fact, 0 if there is none."""
        return self._facts[-1][3] if self._facts else 0

    @property
    def size(self) -> int:
        """About how many bytes this timeline holds, its facts included."""
        return BYTES_EMPTY + BYTES_PER_FACT * self.count

    def add(self, facts: Iterable[Fact]) -> None:
        """Takes facts in. Those that belong before known ones cost one re-fold per call, from the checkpoint before."""
        first, late_after = self._first, self._rules.late_after
        fresh: list[Fact] = []
        again = False
        for fact in facts:
            known = first.get(fact[2])
            if known is not None:
                if known != fact:
                    again = self._odd(known, fact, fresh) or again
            else:
                first[fact[2]] = fact
                if fact[4] - fact[3] <= late_after:
                    fresh.append(fact)
                else:
                    self._put_aside(fact, LATE)
        if again:
            self._rebuild()
        elif fresh:
            self._insert(fresh)

    def touch(self, nodes: Collection[Id]) -> None:
        """The rows of the facts of these nodes will be among the changes."""
        self._ledger.changed.extend(place for place, fact in enumerate(self._facts) if fact[0] in nodes)
        for key in [key for key in self._aside if key[0] in nodes]:
            self._aside_changed[key] = self._groups.get(key[1:], {}).get(key) or self._first[key[2]]

    def advance(self, now: int) -> None:
        """Decides every deadline with due <= now. A `now` before the greatest so far changes nothing."""
        self._ledger.advance(now)

    @property
    def now(self) -> int:
        """The time up to which deadlines are decided, ms."""
        return self._ledger.now

    def next_due(self) -> int | None:
        """The earliest deadline that is still open, ms."""
        following = self._ledger.next_deadline()
        return following[0] if following else None

    def next_deadline(self) -> tuple[int, Key] | None:
        """The earliest open deadline and the key of the fact in whose row it stands."""
        following = self._ledger.next_deadline()
        return (following[0], self._facts[following[1]][:3]) if following else None

    def changed(self) -> list[tuple[Fact, Row]]:
        """The rows that may differ since the last call, each with its fact."""
        ledger, facts, row = self._ledger, self._facts, self._ledger.row
        pairs = [(facts[place], row(place)) for place in set(ledger.changed)]
        ledger.changed = []
        if self._aside_changed:
            pairs += [(fact, self._aside[key]) for key, fact in self._aside_changed.items()]
            self._aside_changed = {}
        return pairs

    def changes(self) -> dict[Key, Row]:
        """The same by fact key."""
        return {fact[:3]: row for fact, row in self.changed()}

    def _put_aside(self, fact: Fact, row: Row) -> None:
        self._aside[fact[:3]] = row
        self._aside_changed[fact[:3]] = fact

    def _is_late(self, fact: Fact) -> bool:
        return fact[4] - fact[3] > self._rules.late_after

    def _odd(self, first: Fact, fact: Fact, fresh: list[Fact]) -> bool:
        """Takes a fact whose event id is known. True if what was folded before is wrong now."""
        key = fact[:3]
        if key == first[:3] and (fact[5], fact) <= (first[5], first):
            return False
        group = self._groups.setdefault(fact[1:3], {first[:3]: first} if first[1] == fact[1] else {})
        known = group.get(key)
        if known is not None and (fact[5], fact) <= (known[5], known):
            return False
        group[key] = fact
        if known is not None:
            return len(group) > 1 or not self._replaced(known, fact)
        self._more += 1
        if len(group) > 1 and counted(group.values()) is not fact:
            self._put_aside(fact, DUPLICATE)
            return False
        if self._is_late(fact):
            self._put_aside(fact, LATE)
        else:
            fresh.append(fact)
        return len(group) > 1

    def _replaced(self, known: Fact, fact: Fact) -> bool:
        """Puts an attempt that was received earlier in the place of another, if that changes nothing else."""
        place = bisect_left(self._facts, order(known), key=order)
        if not same_but_for_receipt(known, fact) or self._is_late(known) or self._facts[place : place + 1] != [known]:
            return False
        self._facts[place] = fact
        self._ledger.changed.append(place)
        return True

    def _rebuild(self) -> None:
        """Folds everything again."""
        groups = [list(group.values()) for group in self._groups.values()]
        groups += [[fact] for fact in self._first.values() if fact[1:3] not in self._groups]
        self._start(self._ledger.now)
        self._aside, self._aside_changed = {}, {}
        fresh: list[Fact] = []
        for group in groups:
            winner = counted(group)
            for fact in group:
                if fact is not winner:
                    self._put_aside(fact, DUPLICATE)
                elif self._is_late(fact):
                    self._put_aside(fact, LATE)
                else:
                    fresh.append(fact)
        if fresh:
            self._insert(fresh)

    def _insert(self, fresh: list[Fact]) -> None:
        facts = self._facts
        if len(fresh) > 1:
            fresh.sort(key=order)
        start = len(facts)
        if not start or fresh[0][3] > facts[-1][3] or order(fresh[0]) > order(facts[-1]):
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
        if not self._checkpoints:
            self._state, self._ledger = State(self._rules), Ledger(self._ledger.now)
            return 0
        start, saved = self._checkpoints[-1]
        self._state.load(saved)
        self._ledger.rewind(start)
        self._ledger.changed += self._state.heads()
        return start

    def _run(self, start: int) -> None:
        facts, ledger, step, entries = self._facts, self._ledger, self._state.step, self._ledger.entries
        for place in range(start, len(facts)):
            if not place % self._every and place:
                self._checkpoint(place)
            entries.append(step(facts[place], place, ledger))
        ledger.changed.extend(range(start, len(facts)))

    def _checkpoint(self, place: int) -> None:
        """Keeps the state before the fact at this place; the older half gets sparser when there are too many."""
        kept = self._checkpoints
        if kept and kept[-1][0] >= place:
            return
        kept.append((place, self._state.save()))
        if len(kept) > CHECKPOINTS_AT_MOST:
            del kept[: CHECKPOINTS_AT_MOST // 2 : 2]


def counted(facts: Iterable[Fact]) -> Fact:
    """Of the facts of one event under several identifiers, the one that was received first."""
    return min(facts, key=lambda fact: (-fact[5], fact[0]))


def same_but_for_receipt(one: Fact, other: Fact) -> bool:
    """Do two attempts to send one event differ only in when they were received?"""
    return one[:4] == other[:4] and one[6:] == other[6:]
