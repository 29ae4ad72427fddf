"""fold is a function of the set of facts: it equals a slow reference, and a timeline equals it in any order."""

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.fact import Fact, Key, Row, Signal
from streams.detectors.contract import Detector, Memory, Notes, Seen, Step
from streams.fold.contacts import ContactRules
from streams.fold.fold import fold
from streams.fold.rules import JourneyRules
from streams.fold.timeline import Timeline
from tests.streams.fold.histories import NOWS, PICKY, RULES, histories
from tests.streams.fold.reference import Reference


@dataclass(frozen=True)
class Busybody(Detector):
    """Marks the row before, arms the one before that, withdraws three back: everything that the notes allow."""

    name: str = "busybody"

    def watch(self, rules: ContactRules, channel: str, event: str) -> Step | None:
        return self._see

    def _see(self, memory: Memory, seen: Seen, notes: Notes) -> Memory:
        places: tuple[int, ...] = memory or ()  # type: ignore[assignment] # its own value from last time
        time, text = seen.fact.event_time, seen.fact.event
        for back, place in enumerate(reversed(places)):
            if back == 0:
                notes.signal(place, Signal(self.name, time, "", text))
            elif back == 1:
                notes.arm(place, time + 3_600_000, Signal(self.name, time, "", text))
            elif text == "Page Viewed":
                notes.withdraw(place, self.name)
        return (*places[-2:], seen.place)


BUSY = replace(PICKY, detectors=(*PICKY.detectors, Busybody()))


def whole(facts: list[Fact], now: int) -> dict[Key, tuple[Fact, Row]]:
    """Every row with the best version of its fact."""
    best = {fact.key: fact for fact in sorted(facts, key=lambda f: (f.version, f))}
    return {key: (best[key], row) for key, row in fold(facts, BUSY, now).items()}


@given(histories(), NOWS, st.sampled_from([RULES, PICKY]))
@settings(max_examples=4000, deadline=None)
def test_fold_says_what_the_reference_says(facts: list[Fact], now: int, rules: JourneyRules) -> None:
    assert fold(facts, rules, now) == Reference(facts, rules, now).rows()


@given(histories(), NOWS, st.data())
@settings(max_examples=5000, deadline=None)
def test_a_timeline_in_any_order_and_split_equals_the_fold(facts: list[Fact], now: int, data: st.DataObject) -> None:
    timeline, said, told = Timeline(BUSY, data.draw(st.integers(1, 4))), {}, []
    order = data.draw(st.permutations(facts + facts[: data.draw(st.integers(0, 3))]))
    while order:
        size = data.draw(st.integers(1, 4))
        batch, order = order[:size], order[size:]
        told += batch
        timeline.add(batch)
        if data.draw(st.booleans()):
            timeline.advance(data.draw(NOWS.filter(lambda time: time <= now)))
        if data.draw(st.booleans()):
            said |= {fact.key: (fact, row) for fact, row in timeline.changed()}
            assert said == whole(told, timeline.now)
    timeline.advance(now)
    assert said | {fact.key: (fact, row) for fact, row in timeline.changed()} == whole(facts, now)
    assert timeline.count == len({fact.key for fact in facts})


@given(histories(), NOWS)
@settings(max_examples=1000, deadline=None)
def test_next_due_is_the_earliest_open_deadline_of_all_rows(facts: list[Fact], now: int) -> None:
    timeline = Timeline(RULES)
    timeline.add(facts)
    timeline.advance(now)
    dues = [row.due for row in fold(facts, RULES, now).values() if row.due]
    assert timeline.next_due() == min(dues, default=None)
    assert all(due > now for due in dues)
