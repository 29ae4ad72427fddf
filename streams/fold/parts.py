"""Sessions and journeys while they grow. Each lives in the row of the fact that begins it, its head.

Facts point to the objects, so a way back puts old values into them instead of replacing them.
"""

from typing import Any

from schemas.fact import Fact
from schemas.ids import derived

CHANNELS_AT_MOST = 20


class Session:
    """`place` of its head; `start`, `end` ms; `journeys`: places of the heads of the journeys it has touched."""

    __slots__ = ("count", "end", "id", "journeys", "place", "start", "thread")

    def __init__(self, place: int, fact: Fact) -> None:
        self.place, self.id = place, derived(b"session", fact[0], fact[1], fact[2])
        self.start = self.end = fact[3]
        self.count = 1
        self.thread = fact[8]
        self.journeys: tuple[int, ...] = ()

    def save(self) -> tuple[Any, ...]:
        return self, self.end, self.count, self.journeys

    @staticmethod
    def load(saved: tuple[Any, ...]) -> "Session":
        session: Session = saved[0]
        _, session.end, session.count, session.journeys = saved
        return session


class Journey:
    """`due`: after this time, ms, an open one is abandoned. `thread`: of its goal. `channels`: one per hand-off.

    `furthest`: position in `FUNNEL` of the furthest stage reached. `proven`: an event of the type's `proofs` is in it.
    """

    __slots__ = ("channel", "channels", "count", "due", "end", "furthest", "handoffs", "id", "outcome", "place",
                 "proven", "reopened", "sessions", "start", "thread", "type", "value")  # fmt: skip

    def __init__(self, place: int, fact: Fact, type: str) -> None:
        self.place, self.id, self.type = place, derived(b"journey", fact[0], fact[1], fact[2]), type
        self.outcome, self.start, self.end, self.due = "open", fact[3], fact[3], 0
        self.count = self.handoffs = self.sessions = self.reopened = self.value = self.furthest = 0
        self.channel, self.channels = fact[6], (fact[6],)
        self.proven, self.thread = False, ""

    channels: tuple[str, ...]

    def save(self) -> tuple[Any, ...]:
        return (self, self.outcome, self.end, self.due, self.count, self.handoffs, self.sessions, self.reopened,
                self.value, self.furthest, self.channel, self.channels, self.proven, self.thread)  # fmt: skip

    @staticmethod
    def load(saved: tuple[Any, ...] | None) -> "Journey | None":
        if saved is None:
            return None
        journey: Journey = saved[0]
        _, journey.outcome, journey.end, journey.due, journey.count, journey.handoffs, *more = saved
        journey.sessions, journey.reopened, journey.value, journey.furthest, *more = more
        journey.channel, journey.channels, journey.proven, journey.thread = more
        return journey

    def hand_over(self, channel: str) -> None:
        """The next touchpoint is in another channel than the last."""
        self.handoffs += 1
        self.channel = channel
        if len(self.channels) < CHANNELS_AT_MOST:
            self.channels += (channel,)
