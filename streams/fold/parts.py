"""Sessions and journeys while they grow. Each lives in the row of the fact that begins it, its head.

Facts point to the objects, so a way back puts old values into them instead of replacing them. A checkpoint of a customer
holds the values of all slots; a slot may hold text, bytes, numbers, None, and tuples of these.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, ClassVar, Self

from schemas.fact import Fact
from schemas.ids import derived

CHANNELS_AT_MOST = 20
EMOTIONS_AT_MOST = 50
VALUE_AT_MOST = 10**18 - 1  # what a Decimal(18, 4) holds: a sum beyond it would stop the partition for good


class Part:
    """`save` gives the object and the values of its slots; `load` puts them back into that object."""

    __slots__: ClassVar[tuple[str, ...]] = ()
    _values: ClassVar["attrgetter[tuple[Any, ...]]"]
    _puts: ClassVar[tuple[Callable[[Any, Any], None], ...]]

    def __init_subclass__(cls) -> None:
        first, *more = cls.__slots__
        cls._values = attrgetter(first, *more)
        cls._puts = tuple(getattr(cls, slot).__set__ for slot in cls.__slots__)

    def save(self) -> tuple[Self, tuple[Any, ...]]:
        return self, self._values(self)

    @classmethod
    def load(cls, saved: tuple[Self, tuple[Any, ...]]) -> Self:
        part, values = saved
        for put, value in zip(cls._puts, values, strict=True):
            put(part, value)
        return part

    @classmethod
    def made_of(cls, values: tuple[Any, ...]) -> Self:
        """A new object with these values."""
        return cls.load((cls.__new__(cls), values))


class Session(Part):
    """`place` of its head; `start`, `end` ms; `journeys`: places of the heads of the journeys it has touched."""

    __slots__ = ("count", "end", "id", "journeys", "place", "start", "thread")

    def __init__(self, place: int, fact: Fact) -> None:
        self.place, self.id = place, derived(b"session", fact[0], fact[1], fact[2])
        self.start = self.end = fact[3]
        self.count = 1
        self.thread = fact[8]
        self.journeys: tuple[int, ...] = ()


class Journey(Part):
    """`due`: after this time, ms, an open one is abandoned. `done`: when it was completed. `channels`: one per hand-off.
    `stage`, `since`: of its last touchpoint, and the time at which it changed. `times`, `emotions`: the last 50.

    `kind`: position of its type. `furthest`: position in `FUNNEL` of the furthest stage reached. `proven`: an event of the
    type's `proofs` is in it.
    """

    __slots__ = ("channel", "channels", "count", "currency", "done", "due", "emotions", "end", "furthest", "handoffs", "id",
                 "kind", "outcome", "place", "proven", "reopened", "sessions", "since", "stage", "start", "times", "type",
                 "value")  # fmt: skip

    def __init__(self, place: int, fact: Fact, type: str, kind: int) -> None:
        self.place, self.id = place, derived(b"journey", fact[0], fact[1], fact[2])
        self.type, self.kind = type, kind
        self.outcome, self.start, self.end, self.due, self.done = "open", fact[3], fact[3], 0, 0
        self.count = self.handoffs = self.sessions = self.reopened = self.value = self.furthest = 0
        self.channel, self.channels = fact[6], (fact[6],)
        self.proven, self.stage, self.since = False, "", fact[3]
        self.currency: str | None = None
        self.times: tuple[int, ...] = ()
        self.emotions: tuple[float, ...] = ()

    channels: tuple[str, ...]

    def feel(self, time: int, sentiment: float) -> None:
        """A touchpoint that says how the customer feels."""
        self.times = (*self.times[1 - EMOTIONS_AT_MOST :], time)
        self.emotions = (*self.emotions[1 - EMOTIONS_AT_MOST :], sentiment)

    def earn(self, value: int, currency: str) -> None:
        """A goal was reached. Amounts in another currency than the first cannot be added."""
        if value and self.currency is None:
            self.currency = currency
        if currency == self.currency:
            self.value = max(-VALUE_AT_MOST, min(self.value + value, VALUE_AT_MOST))

    def hand_over(self, channel: str) -> None:
        """The next touchpoint is in another channel than the last."""
        self.handoffs += 1
        self.channel = channel
        if len(self.channels) < CHANNELS_AT_MOST:
            self.channels += (channel,)
