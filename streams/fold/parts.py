"""Sessions and journeys while they grow. Each lives in the row of the fact that begins it."""

from schemas.fact import Fact
from schemas.ids import derived

CHANNELS_AT_MOST = 20


class Session:
    """`place` of its first fact; `start`, `end` ms; `journeys`: places of the journeys it has touched."""

    __slots__ = ("count", "end", "id", "journeys", "place", "start", "thread")

    def __init__(self, place: int, fact: Fact) -> None:
        self.place, self.id = place, derived(b"session", fact[0], fact[1], fact[2])
        self.start = self.end = fact[3]
        self.count = 1
        self.thread = fact[8]
        self.journeys: tuple[int, ...] = ()

    def copy(self) -> "Session":
        other = Session.__new__(Session)
        other.place, other.id, other.start, other.end = self.place, self.id, self.start, self.end
        other.count, other.thread, other.journeys = self.count, self.thread, self.journeys
        return other

    def summary(self) -> tuple[int, int, int]:
        return self.start, self.end, self.count


class Journey:
    """`due`: after this time, ms, an open one is abandoned. `thread`: of the goal. `channels`: one more at each hand-off."""

    __slots__ = ("channel", "channels", "count", "due", "end", "handoffs", "id", "outcome", "place", "proven", "rank",
                 "reopened", "sessions", "start", "thread", "type", "value")  # fmt: skip

    def __init__(self, place: int, fact: Fact, type: str) -> None:
        self.place, self.id, self.type = place, derived(b"journey", fact[0], fact[1], fact[2]), type
        self.outcome, self.start, self.end, self.due = "open", fact[3], fact[3], 0
        self.count = self.handoffs = self.sessions = self.reopened = self.value = self.rank = 0
        self.channel = self.thread = ""
        self.channels: tuple[str, ...] = ()
        self.proven = False

    def copy(self) -> "Journey":
        other = Journey.__new__(Journey)
        other.place, other.id, other.type, other.outcome = self.place, self.id, self.type, self.outcome
        other.start, other.end, other.due, other.count = self.start, self.end, self.due, self.count
        other.handoffs, other.sessions, other.reopened = self.handoffs, self.sessions, self.reopened
        other.value, other.rank, other.channel, other.channels = self.value, self.rank, self.channel, self.channels
        other.proven, other.thread = self.proven, self.thread
        return other

    def hand_over(self, channel: str) -> None:
        """The next touchpoint is in another channel than the last."""
        if self.channel:
            self.handoffs += 1
        self.channel = channel
        if len(self.channels) < CHANNELS_AT_MOST:
            self.channels += (channel,)

    def summary(self, now: int) -> tuple[str, int, int, int, int, int, int, int, tuple[str, ...]]:
        """The columns journey_outcome .. journey_channels of a row, with the deadline decided by `now`."""
        outcome = "abandoned" if self.outcome == "open" and self.due <= now else self.outcome
        return (outcome, self.start, self.end, self.count, self.handoffs, self.sessions, self.reopened, self.value,
                self.channels)  # fmt: skip
