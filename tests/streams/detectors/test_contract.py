"""What every detector must keep, and what the contract must carry: marks on earlier rows, deadlines, withdrawal."""

from dataclasses import dataclass, replace

import pytest

from schemas.fact import Signal
from streams.detectors import discover
from streams.detectors.contract import Detector, Memory, Notes, Seen, Step
from streams.fold.contacts import ContactRules
from streams.fold.fold import fold
from streams.fold.rules import DAY
from streams.fold.timeline import Timeline
from tests.streams.fold.histories import KINDS, MINUTE, RULES, START, fact


@dataclass(frozen=True)
class Forgotten(Detector):
    """A form begun and not submitted within 10 minutes; the mark goes to the row of the begin, however long ago."""

    name: str = "forgotten"

    def watch(self, rules: ContactRules, channel: str, event: str) -> Step | None:
        return {"Form Started": self.begun, "Form Submitted": self.submitted, "Help Viewed": self.helped}.get(event)

    def begun(self, memory: Memory, seen: Seen, notes: Notes) -> Memory:
        due = seen.fact.event_time + 10 * MINUTE
        notes.arm(seen.place, due, Signal(self.name, due, seen.fact.location, "form not sent"))
        return seen.place

    def submitted(self, memory: Memory, seen: Seen, notes: Notes) -> Memory:
        if isinstance(memory, int):
            notes.withdraw(memory, self.name)
        return None

    def helped(self, memory: Memory, seen: Seen, notes: Notes) -> Memory:
        if isinstance(memory, int):
            notes.signal(memory, Signal("confusing", seen.fact.event_time, "", "help was read while the form was open"))
        return memory


WITH_FORGOTTEN = replace(RULES, detectors=(Forgotten(),))
BEGUN = fact("website", "Form Started", 0, number=1)
HELPED = fact("website", "Help Viewed", MINUTE, number=2)
SUBMITTED = fact("website", "Form Submitted", 2 * MINUTE, number=3)


def names(timeline: Timeline) -> list[str]:
    return [signal.name for signal in timeline.changes()[BEGUN.key].signals]


def test_the_shipped_detectors_are_found_in_order_of_their_names() -> None:
    names = [detector.name for detector in discover()]
    assert names == ["form_abandonment", "low_score", "repeat_contact", "stuck_stage", "unanswered"]


@pytest.mark.parametrize("detector", discover(), ids=lambda detector: detector.name)
def test_a_detector_answers_the_same_for_a_kind_each_time(detector: Detector) -> None:
    for channel, event in KINDS:
        first, again = (detector.watch(RULES.contacts, channel, event) for _ in range(2))
        assert (first is None) == (again is None)


@pytest.mark.parametrize("detector", discover(), ids=lambda detector: detector.name)
def test_what_a_detector_remembers_is_immutable(detector: Detector) -> None:
    timeline = Timeline(replace(RULES, detectors=(detector,)))
    timeline.add(fact(channel, event, i, number=i) for i, (channel, event) in enumerate(KINDS))
    hash(tuple(timeline._state.memories))


def test_a_later_fact_marks_an_earlier_row() -> None:
    rows = fold([BEGUN, HELPED], WITH_FORGOTTEN, START)
    assert [signal.name for signal in rows[BEGUN.key].signals] == ["confusing"]


@pytest.mark.parametrize("every", [1, 2, 32])
def test_marks_are_undone_when_a_late_fact_tells_the_story_again(every: int) -> None:
    timeline = Timeline(WITH_FORGOTTEN, every)
    timeline.add([BEGUN, HELPED])
    timeline.advance(START + DAY)
    assert names(timeline) == ["confusing", "forgotten"]
    timeline.add([fact("website", "Form Submitted", 1, number=4)])
    assert names(timeline) == []


def test_a_deadline_is_withdrawn_and_the_other_mark_stays() -> None:
    timeline = Timeline(WITH_FORGOTTEN)
    timeline.add([BEGUN, HELPED, SUBMITTED])
    timeline.advance(START + DAY)
    assert names(timeline) == ["confusing"]


def test_a_second_signal_of_a_name_replaces_the_first() -> None:
    again = fact("website", "Help Viewed", 5 * MINUTE, number=5)
    [signal] = fold([BEGUN, HELPED, again], WITH_FORGOTTEN, START)[BEGUN.key].signals
    assert signal.at == START + 5 * MINUTE
