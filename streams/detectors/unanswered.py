"""unanswered: a contact on a channel that owes an answer got none in time.

The deadline is armed by the contact and withdrawn by an answer at or before it: one in the same thread (on any
channel), or, where one of the two has no thread, or the channel does not go by threads (a call back is another call),
in the same channel. While a contact waits, further messages of the same conversation do not arm deadlines of their
own.
"""

from dataclasses import dataclass
from typing import NamedTuple

from schemas.fact import Fact, Signal
from streams.detectors.contract import Detector, Memory, Notes, Seen, Step
from streams.fold.contacts import ContactRules, Expectation


class Waiting(NamedTuple):
    """A contact that still may be answered; `thread` is empty if any answer in the channel will do."""

    due: int
    channel: str
    thread: str
    place: int

    def is_about(self, fact: Fact) -> bool:
        if self.thread and fact.thread:
            return self.thread == fact.thread
        return self.channel == fact.channel


@dataclass(frozen=True)
class Unanswered(Detector):
    """Remembers the contacts that wait, as a tuple; one past its deadline is forgotten at the next fact it watches."""

    name: str = "unanswered"

    def watch(self, rules: ContactRules, channel: str, event: str) -> Step | None:
        expectation = rules.expectation(channel)
        if expectation is not None and event in expectation.contacts:
            return self._contact(expectation)
        return self._answer if event in rules.replies else None

    def _contact(self, expectation: Expectation) -> Step:
        def see(memory: Memory, seen: Seen, notes: Notes) -> Memory:
            fact = seen.fact
            open_ones = _open(memory, fact.event_time)
            if any(waiting.channel == fact.channel and waiting.is_about(fact) for waiting in open_ones):
                return open_ones
            due = fact.event_time + expectation.within
            notes.arm(seen.place, due, self._signal(fact, due))
            return *open_ones, Waiting(due, fact.channel, fact.thread if expectation.by_thread else "", seen.place)

        return see

    def _answer(self, memory: Memory, seen: Seen, notes: Notes) -> Memory:
        still = []
        for waiting in _open(memory, seen.fact.event_time):
            if waiting.is_about(seen.fact):
                notes.withdraw(waiting.place, self.name)
            else:
                still.append(waiting)
        return tuple(still)

    def _signal(self, fact: Fact, due: int) -> Signal:
        minutes = (due - fact.event_time) // 60_000
        within = f"{minutes // 60} h" if minutes >= 120 else f"{minutes} min"
        return Signal(self.name, due, fact.location, f"no answer by {fact.channel} within {within}")


def _open(memory: Memory, time: int) -> tuple[Waiting, ...]:
    waiting: tuple[Waiting, ...] = memory or ()  # type: ignore[assignment] # its own value from last time
    return tuple(Waiting._make(one) for one in waiting if one[0] >= time)


detector = Unanswered()
