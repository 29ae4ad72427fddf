"""How touches arrive: late, twice, damaged. What comes out is what a collector would have put into Kafka."""

import heapq
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from schemas.identifiers import key_of, strongest
from schemas.topics import public_topic
from sources.generator.scene import DAY, MINUTE, SECOND, Touch
from throughline.clock import iso

SOURCE = "generated-"  # begins the source of every generated event
_CLOCKED = frozenset({"website", "app", "chat"})  # sent by the customer's own device, whose clock may be wrong


class Item(NamedTuple):
    """A record and what is true of it. `at`: ms UTC at which it is received; `person`: id of who did it, "" if damaged.

    `kind`: ok, late (received up to 24 h after it happened), duplicate (of an earlier item), malformed (a dead letter).
    """

    topic: str
    key: bytes | None
    value: bytes
    at: int
    person: str
    kind: str


@dataclass(frozen=True)
class Shares:
    """Of all items."""

    late: float = 0.02
    duplicate: float = 0.01
    malformed: float = 0.001


USUAL = Shares()


@dataclass
class Delivery:
    """Sends touches; deterministic for one `draw`. Holds what is under way: at most a day of late ones."""

    draw: str
    topic_prefix: str = ""
    shares: Shares = USUAL
    _under_way: list[tuple[int, int, Item]] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self._random = Random(f"delivery:{self.draw}")

    def deliver(self, touches: Iterable[Touch]) -> Iterator[Item]:
        """The items in the order in which they are received. `touches` are in order of time and may be endless."""
        for touch in touches:
            while self._under_way and self._under_way[0][0] <= touch.at:
                yield heapq.heappop(self._under_way)[2]
            self._send(touch)
        while self._under_way:
            yield heapq.heappop(self._under_way)[2]

    def _send(self, touch: Touch) -> None:
        late = self._random.random() < self.shares.late
        delay = self._random.randint(5 * MINUTE, DAY - MINUTE) if late else self._random.randint(20, 400)
        event_id = str(UUID(int=self._random.getrandbits(128), version=4))
        self._add(touch, event_id, delay, "late" if late else "ok")
        if self._random.random() < self.shares.duplicate:
            self._add(touch, event_id, delay + self._random.randint(SECOND, MINUTE), "duplicate")
        if self._random.random() < self.shares.malformed:
            self._push(self._damaged(touch, touch.at + delay))

    def _add(self, touch: Touch, event_id: str, delay: int, kind: str) -> None:
        received = touch.at + delay
        value = msgspec.json.encode(self._event(touch, event_id, delay))
        named = strongest(touch.identifiers)
        key = key_of(*named).encode() if named else None
        self._push(Item(public_topic(touch.channel, self.topic_prefix), key, value, received, touch.person.id, kind))

    def _event(self, touch: Touch, event_id: str, delay: int) -> dict[str, Any]:
        error = touch.person.clock_error if touch.channel in _CLOCKED else 0
        event: dict[str, Any] = {
            "event_id": event_id,
            "event": touch.event,
            "channel": touch.channel,
            "source": SOURCE + touch.channel,
            "original_timestamp": iso(touch.at + error),
            "received_at": iso(touch.at + delay),
            "assurance": touch.assurance,
            "identifiers": touch.identifiers,
            "properties": touch.properties,
            "context": {"generated": True, "library": {"name": "throughline-generator"}},
        }
        if touch.channel in _CLOCKED:
            event["sent_at"] = iso(touch.at + error + delay)
        return event

    def _damaged(self, touch: Touch, received: int) -> Item:
        event = self._event(touch, str(UUID(int=self._random.getrandbits(128), version=4)), received - touch.at)
        damage = self._random.choice(_DAMAGES)
        return Item(public_topic(touch.channel, self.topic_prefix), None, damage(event), received, "", "malformed")

    def _push(self, item: Item) -> None:
        self._count += 1
        heapq.heappush(self._under_way, (item.at, self._count, item))


_DAMAGES: tuple[Callable[[dict[str, Any]], bytes], ...] = (
    lambda event: msgspec.json.encode(event)[:-40],
    lambda event: msgspec.json.encode(event | {"identifiers": "unknown"}),
    lambda event: msgspec.json.encode(event | {"identifiers": {"anonymous_id": "null"}}),
    lambda event: msgspec.json.encode(event | {"original_timestamp": "1970-01-01T00:00:00.000Z"}),
    lambda event: msgspec.json.encode(event | {"channel": "telegraph"}),
    lambda event: msgspec.json.encode({name: value for name, value in event.items() if name != "event"}),
    lambda event: json.dumps(event | {"properties": {"value": float("nan")}}).encode(),
)
