"""stuck_stage: the customer has been in a stage of an open journey for longer than the rules say that it may take.

The deadline is armed by the touchpoint that enters the stage, and withdrawn by one at or before it that moves the journey to
another stage or ends it. Touchpoints within the stage do not put it off. A stage that the rules give no time to is never
stuck.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

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
        rest: list[Stay] = []
        goes_on = False
        for stay in stays:
            if self._is_over(stay, seen):
                if stay[0] >= seen[0][3]:
                    notes.withdraw(stay[1], self.name)
            else:
                rest.append(stay)
                goes_on = goes_on or stay[3:] == (journey_id, stage)
        if within and not goes_on:
            rest.append(self._entered(seen, notes))
        return tuple(rest) or None

    def _is_over(self, stay: Stay, seen: Seen) -> bool:
        """The stage has moved, or the journey has ended, perhaps unsaid: of each type one at most is open."""
        _, _, type, journey_id, stage = stay
        if journey_id == seen[3]:
            return stage != seen[6] or not seen[7]
        return journey_id in seen[8] or (type == seen[4] and seen[5] == "open")

    def _entered(self, seen: Seen, notes: Notes) -> Stay:
        fact, place, _, journey_id, type, _, stage, within, _ = seen
        due = fact[3] + within
        notes.arm(place, due, Signal(self.name, due, fact[13], _detail(type, stage, within)))
        stay: Stay = _new(Stay, (due, place, type, journey_id, stage))
        return stay


@lru_cache(maxsize=1_000)
def _detail(type: str, stage: str, within: int) -> str:
    return f"{type} journey in stage {stage} for more than {within / DAY:g} d"


_new: Any = tuple.__new__
detector = StuckStage()
