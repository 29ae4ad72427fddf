"""What a story is told with: who, when, and the touches that come of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from sources.complete_journey import Order
from sources.generator.people import Person

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Properties = dict[str, object]


class Touch(NamedTuple):
    """One event before it is sent. `at` in ms UTC, when it happened by a right clock."""

    at: int
    channel: str
    event: str
    identifiers: dict[str, str]
    properties: Properties
    assurance: int
    person: Person


@dataclass
class Scene:
    """A story of one person begins. `order` is a real basket that it is about, if any; `browser` the cookie in use."""

    person: Person
    at: int
    random: Random
    browser: str
    order: Order | None = None

    def wait(self, least: int, most: int) -> None:
        """Lets time pass, in ms."""
        self.at += self.random.randint(least, most)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def number(self, prefix: str) -> str:
        """A new ticket, call or chat number."""
        return f"{prefix}-{self.random.getrandbits(40):010x}"

    @property
    def about(self) -> dict[str, str]:
        """The order as an identifier."""
        return {"order_id": self.order.order_id} if self.order else {}

    def touch(self, what: tuple[str, str], who: dict[str, str], properties: Properties, assurance: int = 1) -> Touch:
        """`what` is (channel, event)."""
        return Touch(self.at, *what, who, properties, assurance, self.person)

    def page(self, path: str, who: dict[str, str], event: str = "Page Viewed", **more: object) -> Touch:
        """Something on a page of the website. Cookies are level 0, a page behind a log-in is level 3."""
        return self.touch(("website", event), who, {"path": path, **more}, 3 if "email" in who else 0)


Story = Callable[[Scene], Iterator[Touch]]
