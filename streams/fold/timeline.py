"""A customer's timeline: facts in, rows out, one cheap step for a fact in order and a short way back for a late one.

A long one is a window: what lies before its *cut* is let go, but for the rows that may still change (streams.fold.window).
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable

from schemas.fact import Fact, Key, Row
from schemas.ids import Id
from streams.fold.checkpoint import Restored, packed, within_reach
from streams.fold.ledger import Ledger
from streams.fold.rules import JourneyRules
from streams.fold.state import Checkpoint, State
from streams.fold.told import DUPLICATE, LATE, Told, counted, dropped, same_but_for_receipt
from streams.fold.window import WINDOW, Dropped, Window, thinned

CHECKPOINTS_AT_MOST = 64
BYTES_EMPTY = 1_900  # measured by bench/fold.py
BYTES_PER_FACT = 700
BEGINNING = -(1 << 62)  # a cut before every fact, and a time before every time


def order(fact: Fact) -> tuple[int, Id, Id, int]:
    """The order of a timeline: event time, then what makes it the same for everybody."""
    return fact[3], fact[2], fact[0], fact[1]


class Timeline:
    """Takes the facts of one customer in any order and any number of times. No thread may share it.

    Equal to `fold` of all its facts at the greatest `now` it was told. Not promised: that a row of `changes` differs.
    """

    __slots__ = ("_checkpoints", "_dropped", "_every", "_facts", "_kept", "_ledger", "_rules", "_state",
                 "_told", "cut", "horizon")  # fmt: skip

    def __init__(self, rules: JourneyRules, checkpoint_every: int = WINDOW.every) -> None:
        self._rules, self._every = rules, checkpoint_every
        self._told = Told()
        self._facts: list[Fact] = []
        self._kept: dict[int, Fact] = {}  # by place, before the cut
        self._dropped = 0
        self.cut = self.horizon = BEGINNING
        self._state, self._ledger = State(rules), Ledger(0)
        self._checkpoints: list[tuple[int, Checkpoint]] = []

    @classmethod
    def restored(
        cls, rules: JourneyRules, begun: Restored, cut: int, dropped: int, horizon: int, every: int
    ) -> "Timeline":
        """The timeline that was `packed`, before the facts at and after its cut are added. `dropped`: how many facts there
        are before the cut, `horizon`: the greatest original_timestamp of these."""
        timeline = cls(rules, every)
        timeline.cut, timeline.horizon, timeline._dropped = cut, horizon, dropped
        timeline._kept = begun.facts
        timeline._ledger.put_back(begun.base, begun.entries, begun.marks)
        timeline._state.load(begun.state)
        timeline._checkpoints = [(begun.base, begun.state)]
        return timeline

    @property
    def count(self) -> int:
        """Distinct fact keys, those before the cut included."""
        return len(self._told) + self._dropped

    @property
    def has_cut(self) -> bool:
        """Whether something was let go."""
        return self.cut > BEGINNING

    @property
    def folded_before(self) -> int:
        """How many folded facts lie before the cut."""
        return self._ledger.base

    @property
    def held(self) -> int:
        """Facts in memory."""
        return len(self._told) + len(self._kept)

    @property
    def size(self) -> int:
        """About how many bytes this timeline holds, its facts included."""
        return BYTES_EMPTY + BYTES_PER_FACT * self.held

    def doubts(self, fact: Fact) -> bool:
        """Whether this fact may touch what lies before the cut: then it must be judged before it is added."""
        return (fact[3] < self.cut or fact[1] <= self.horizon) and self._told.first.get(fact[2]) != fact

    def attach(self, fact: Fact, row: Row) -> None:
        """The row of a fact that was judged to be late or a duplicate; nothing else changes."""
        self._dropped += self._told.attach(fact, row)
        self.horizon = max(self.horizon, fact[1])

    def add(self, facts: Iterable[Fact]) -> None:
        """Takes facts in. Those that belong before known ones cost one re-fold per call, from the checkpoint before.
        With a cut: only facts without doubt and those that were judged to be folded."""
        first, late_after = self._told.first, self._rules.late_after
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
                    self._told.put_aside(fact, LATE)
        if again:
            self._rebuild()
        elif fresh:
            self._insert(fresh)

    def touch(self, nodes: Collection[Id]) -> None:
        """The rows of the facts of these nodes will be among the changes, if they are in memory."""
        base = self._ledger.base
        self._ledger.changed.extend(place for place, fact in enumerate(self._facts, base) if fact[0] in nodes)
        self._told.touch(nodes)

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
        return (following[0], self._fact(following[1])[:3]) if following else None

    def _fact(self, place: int) -> Fact:
        base = self._ledger.base
        return self._facts[place - base] if place >= base else self._kept[place]

    def changed(self) -> list[tuple[Fact, Row]]:
        """The rows that may differ since the last call, each with its fact."""
        ledger, row_of = self._ledger, self._ledger.row_of
        if ledger.base:
            pairs = [(self._fact(place), ledger.row(place)) for place in set(ledger.changed)]
        else:
            facts, entries = self._facts, ledger.entries
            pairs = [(facts[place], row_of(place, entries[place])) for place in set(ledger.changed)]
        ledger.changed = []
        return pairs + self._told.rows() if self._told.has_news else pairs

    def passed(self) -> Dropped:
        """Attached rows before the cut, which have been told by now and are forgotten with this."""
        return dropped((), self._told.leave(self.cut))

    def changes(self) -> dict[Key, Row]:
        """The same by fact key."""
        return {fact[:3]: row for fact, row in self.changed()}

    def _odd(self, first: Fact, fact: Fact, fresh: list[Fact]) -> bool:
        """Takes a fact whose event id is known. True if what was folded before is wrong now."""
        found = self._told.another(first, fact)
        if found is None:
            return False
        replaced, event = found
        if replaced is not None:
            return len(event) > 1 or not self._replaced(replaced, fact)
        if len(event) > 1 and counted(event) is not fact:
            self._told.put_aside(fact, DUPLICATE)
            return False
        if self._rules.is_late(fact):
            self._told.put_aside(fact, LATE)
        else:
            fresh.append(fact)
        return len(event) > 1

    def _replaced(self, known: Fact, fact: Fact) -> bool:
        """Puts an attempt that was received earlier in the place of another, if that changes nothing else."""
        at = bisect_left(self._facts, order(known), key=order)
        if not same_but_for_receipt(known, fact) or self._rules.is_late(known) or self._facts[at : at + 1] != [known]:
            return False
        self._facts[at] = fact
        self._ledger.changed.append(at + self._ledger.base)
        return True

    def _rebuild(self) -> None:
        """Folds everything in memory again."""
        self._facts = []
        self._rewind(self._ledger.base)
        self._ledger.restart()
        told, fresh = self._told, list[Fact]()
        told.nobody_aside()
        for event in told.events():
            winner = counted(event)
            for fact in event:
                if fact is not winner:
                    told.put_aside(fact, DUPLICATE)
                elif self._rules.is_late(fact):
                    told.put_aside(fact, LATE)
                else:
                    fresh.append(fact)
        if fresh:
            self._insert(fresh)

    def _insert(self, fresh: list[Fact]) -> None:
        facts, base = self._facts, self._ledger.base
        if len(fresh) > 1:
            fresh.sort(key=order)
        start = base + len(facts)
        if not facts or fresh[0][3] > facts[-1][3] or order(fresh[0]) > order(facts[-1]):
            facts += fresh
        else:
            at = bisect_left(facts, order(fresh[0]), key=order)
            facts[at:] = sorted(facts[at:] + fresh, key=order)
            start = self._rewind(base + at)
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
        ledger, step, entries = self._ledger, self._state.step, self._ledger.entries
        for place, fact in enumerate(self._facts[start - ledger.base :], start):
            if not place % self._every and place:
                self._checkpoint(place)
            entries.append(step(fact, place, ledger))
        ledger.changed.extend(range(start, ledger.base + len(self._facts)))

    def _checkpoint(self, place: int) -> None:
        """Keeps the state before the fact at this place."""
        kept = self._checkpoints
        if kept and kept[-1][0] >= place:
            return
        kept.append((place, self._state.save()))
        if len(kept) > CHECKPOINTS_AT_MOST:
            self._checkpoints = thinned(kept, place)

    def compact(self, window: Window) -> Dropped | None:
        """Moves the cut, if enough facts can be let go by it. Their rows must have been told and be stored."""
        if self._ledger.changed or self._told.has_news:
            return None
        facts, base = self._facts, self._ledger.base
        at_most = window.let_go(facts, self._rules.late_after)
        for place, state in reversed(self._checkpoints):
            at = place - base
            if 0 < at <= at_most and facts[at - 1][3] < facts[at][3]:
                return self._cut_at(place, facts[at][3], state)
        if len(self._told) - len(facts) > window.most // 2:
            cut = self._told.newest_aside + 1  # so many that were late or duplicates; those in time are mostly later
            at = bisect_left(facts, cut, key=lambda fact: fact[3])
            return self._cut_at(base + at, cut, self._state_before(at))
        return None

    def _state_before(self, at: int) -> Checkpoint:
        """The state before the fact at this position of the window; all from the state saved before it is told again."""
        base, rest = self._ledger.base, self._facts[at:]
        del self._facts[at:]
        self._run(self._rewind(base + at))
        state = self._state.save()
        self._facts += rest
        self._run(base + at)
        return state

    def _cut_at(self, place: int, cut: int, state: Checkpoint) -> Dropped:
        ledger = self._ledger
        base, gone = ledger.base, place - ledger.base
        keep = within_reach(state) | ledger.undecided()
        kept = {at: self._fact(at) for at in keep if base <= at < place or at in self._kept}
        final = [fact[:3] for at, fact in enumerate(self._facts[:gone], base) if at not in kept]
        final += [fact[:3] for at, fact in self._kept.items() if at not in kept]
        self._kept = kept
        ledger.drop(place, self._kept)
        del self._facts[:gone]
        self._checkpoints = [(place, state), *(one for one in self._checkpoints if one[0] > place)]
        self.cut = cut
        forgotten, asides = self._told.forget_before(cut)
        self._dropped += len(forgotten)
        self.horizon = max(self.horizon, max((fact[1] for fact in forgotten), default=BEGINNING))
        return dropped(final, asides)

    def packed(self) -> bytes:
        """The checkpoint of the part before the cut, for `restored`. Only of a timeline that has one."""
        base, state = self._checkpoints[0]
        return packed(base, state, self._kept, self._ledger.kept, self._ledger.marks_before(base))
