"""What a worker does with a timeline and its window, over a dictionary in the place of the tables."""

from collections import defaultdict
from collections.abc import Iterable

from schemas.fact import Fact, Key, Row
from streams.fold.checkpoint import unpacked
from streams.fold.rules import JourneyRules
from streams.fold.timeline import Timeline
from streams.fold.told import DUPLICATE, LATE
from streams.fold.window import Known, Verdict, Window, judge_all

ROWS = {Verdict.LATE: LATE, Verdict.DUPLICATE: DUPLICATE}


class Holder:
    """`said`: every row as it was told last, with its fact. `reloads`: how often everything was folded again."""

    def __init__(self, rules: JourneyRules, window: Window) -> None:
        self.rules, self.window = rules, window
        self.best: dict[Key, Fact] = {}
        self.said: dict[Key, tuple[Fact, Row]] = {}
        self.final: set[Key] = set()
        self.now = self.reloads = self.cuts = 0
        self.timeline = Timeline(rules, window.every)

    def take(self, facts: list[Fact], now: int) -> None:
        for fact in facts:
            self.best[fact.key] = max(fact, self.best.get(fact.key, fact), key=lambda f: (f.version, f))
        self.now = max(now, self.now)
        if any(map(self.timeline.doubts, facts)):
            facts = self._judged(facts)
        self.timeline.add(facts)
        self._tell()

    def cut(self) -> None:
        dropped = self.timeline.compact(self.window)
        if dropped:
            self.cuts += 1
            self.final |= {*dropped.counted, *dropped.late}

    def reload(self) -> None:
        """From the checkpoint, as another worker would."""
        old = self.timeline
        if not old.has_cut:
            return
        before = [fact for fact, _ in self.said.values() if fact.event_time < old.cut]
        horizon = max(fact.original_timestamp for fact in before)
        self.timeline = Timeline.restored(
            self.rules, unpacked(old.packed()), old.cut, len(before), horizon, self.window.every
        )
        facts = [fact for fact in self.best.values() if fact.event_time >= old.cut]
        if any(map(self.timeline.doubts, facts)):
            facts = self._judged(facts)
        self.timeline.add(facts)
        self._tell()

    def _judged(self, facts: list[Fact]) -> list[Fact]:
        known: dict[tuple[int, bytes], list[Known]] = defaultdict(list)
        for fact, row in self.said.values():
            known[fact[1:3]].append(Known(fact.node, fact.event_time, fact.version, row.status == "duplicate"))
        verdicts = judge_all(facts, known, self.timeline.cut, self.rules.late_after)
        if Verdict.RELOAD in verdicts:
            self.reloads += 1
            self.final.clear()
            self.timeline = Timeline(self.rules, self.window.every)
            return list(self.best.values())
        for fact, verdict in zip(facts, verdicts, strict=True):
            if verdict in ROWS:
                self.timeline.attach(fact, ROWS[verdict])
        return [fact for fact, verdict in zip(facts, verdicts, strict=True) if verdict is Verdict.FOLD]

    def _tell(self) -> None:
        self.timeline.advance(self.now)
        rows = {fact.key: (fact, row) for fact, row in self.timeline.changed()}
        wrong = [key for key in rows.keys() & self.final if rows[key] != self.said[key]]
        assert not wrong, "a row changed that was let go as final"
        self.said |= rows
        self.timeline.passed()


def whole(facts: Iterable[Fact]) -> dict[Key, Fact]:
    """The best attempt of each fact."""
    return {fact.key: fact for fact in sorted(facts, key=lambda f: (f.version, f))}
