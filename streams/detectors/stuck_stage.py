"""stuck_stage: the customer has been in a stage of an open journey for longer than the rules say that it may take.

The deadline is armed by the touchpoint that enters the stage, and withdrawn by one at or before it that moves the journey to
another stage or ends it. Touchpoints within the stage do not put it off. A stage that the rules give no time to is never
stuck.
"""

from dataclasses import dataclass
from typing import NamedTuple

from schemas.fact import Signal
from schemas.ids import Id
from streams.detectors.contract import Detector, Memory, Notes, Seen, Step
from streams.fold.contacts import ContactRules

DAY = 86_400_000


class Stay(NamedTuple):
    """In one stage of the open journey of a type; `place` of the row that entered it."""

    due: int
    place: int
    type: str
    journey_id: Id
    stage: str


@dataclass(frozen=True)
class StuckStage(Detector):
    """Remembers a stay of each journey type, as a tuple."""

    name: str = "stuck_stage"
    moves: bool = True

    def watch(self, rules: ContactRules, channel: str, event: str) -> Step | None:
        return self._see  # any event may move a stage, or end a journey

    def _see(self, memory: Memory, seen: Seen, notes: Notes) -> Memory:
        stays: tuple[Stay, ...] = memory or ()  # type: ignore[assignment] # its own value from last time
        _, _, _, journey_id, _, _, stage, within, ended = seen
        if not ended:
            if not within and not stays:
                return memory
            for _, _, _, in_journey, in_stage in stays:
                if within and in_journey == journey_id and in_stage == stage:
                    return memory
        over = [Stay._make(stay) for stay in stays if self._is_over(stay, seen)]
        for stay in over:
            if stay.due >= seen.fact.event_time:
                notes.withdraw(stay.place, self.name)
        rest = tuple(stay for stay in stays if stay not in over)
        return self._entered(rest, seen, notes) or None

    def _is_over(self, stay: tuple[object, ...], seen: Seen) -> bool:
        """The stage has moved, or the journey has ended, perhaps unsaid: of each type one at most is open."""
        _, _, type, journey_id, stage = stay
        if journey_id == seen.journey_id:
            return (stage, True) != (seen.stage, bool(seen.stay))
        return journey_id in seen.ended or (type == seen.journey_type and seen.outcome == "open")

    def _entered(self, stays: tuple[Stay, ...], seen: Seen, notes: Notes) -> tuple[Stay, ...]:
        here = seen.journey_type, seen.journey_id, seen.stage
        if not seen.stay or any(stay[2:] == here for stay in stays):
            return stays
        due = seen.fact.event_time + seen.stay
        detail = f"{seen.journey_type} journey in stage {seen.stage} for more than {seen.stay / DAY:g} d"
        notes.arm(seen.place, due, Signal(self.name, due, seen.fact.location, detail))
        return *stays, Stay(due, seen.place, *here)


detector = StuckStage()
