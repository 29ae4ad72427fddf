"""low_score: a survey answer at the bad end of its scale.

A Net Promoter Score of 0..6 (a detractor), a satisfaction of 1..2 out of 5, an ease of 1..3 out of 7.
"""

from dataclasses import dataclass

from schemas.fact import Signal
from streams.detectors.contract import Detector, Memory, Notes, Seen, Step
from streams.fold.contacts import ContactRules


@dataclass(frozen=True)
class LowScore(Detector):
    """Watches the survey channel, and events named `Survey ...` elsewhere (a survey inside a chat)."""

    name: str = "low_score"
    nps: float = 6
    csat: float = 2
    ces: float = 3

    def watch(self, rules: ContactRules, channel: str, event: str) -> Step | None:
        return self._see if channel == "survey" or event.startswith("Survey ") else None

    def _see(self, memory: Memory, seen: Seen, notes: Notes) -> Memory:
        worst, scale = self._scale(seen.fact.metric)
        if seen.fact.score <= worst:
            detail = f"{seen.fact.metric.upper()} of {seen.fact.score:g} out of {scale}"
            notes.signal(seen.place, Signal(self.name, seen.fact.event_time, seen.fact.location, detail))
        return memory

    def _scale(self, metric: str) -> tuple[float, int]:
        scales = {"nps": (self.nps, 10), "csat": (self.csat, 5), "ces": (self.ces, 7)}
        return scales.get(metric, (float("-inf"), 0))


detector = LowScore()
