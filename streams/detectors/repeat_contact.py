"""repeat_contact: the customer turns to the business again, on any channel, at most 7 days after the contact before.

The same conversation going on is not a repeat: two contacts belong together if both have a thread and it is the same,
or, where one has none, if they stand in the same session.
"""

from dataclasses import dataclass

from schemas.fact import Signal
from streams.detectors.contract import Detector, Memory, Notes, Seen, Step
from streams.fold.contacts import ContactRules

DAY = 86_400_000


@dataclass(frozen=True)
class RepeatContact(Detector):
    """Remembers the last contact as (time, channel, thread, session)."""

    name: str = "repeat_contact"

    def watch(self, rules: ContactRules, channel: str, event: str) -> Step | None:
        if event not in rules.contacts:
            return None

        def see(memory: Memory, seen: Seen, notes: Notes) -> Memory:
            last: tuple[int, str, str, bytes] | None = memory  # type: ignore[assignment] # its own value from last time
            if last is not None and seen.fact.event_time - last[0] <= rules.repeat_within and not _goes_on(last, seen):
                notes.signal(seen.place, self._signal(last, seen))
            return seen.fact.event_time, seen.fact.channel, seen.fact.thread, seen.session_id

        return see

    def _signal(self, last: tuple[int, str, str, bytes], seen: Seen) -> Signal:
        days = (seen.fact.event_time - last[0]) / DAY
        detail = f"contact by {seen.fact.channel}, {days:.1f} days after one by {last[1]}"
        return Signal(self.name, seen.fact.event_time, seen.fact.location, detail)


def _goes_on(last: tuple[int, str, str, bytes], seen: Seen) -> bool:
    if last[2] and seen.fact.thread:
        return last[2] == seen.fact.thread
    return last[3] == seen.session_id


detector = RepeatContact()
