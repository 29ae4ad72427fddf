"""Generated touchpoints for the households of The Complete Journey, with the truth about each.

None of it is real: `source` begins with "generated-" and `context.generated` is true in every event. No generated event
carries money, so the sales in the tables are the real ones. The same seed gives the same bytes.

    for item in generate(seed=1, households=[1, 2, 3], start=..., end=...):
        item.topic, item.key, item.value   # what goes to Kafka
        item.person, item.kind             # what is true: tests compare with it
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sources.complete_journey import Order
from sources.generator.delivery import SOURCE, USUAL, Delivery, Item, Shares
from sources.generator.live import endless
from sources.generator.plan import Period, plan, tell

__all__ = ["SOURCES", "Item", "Options", "Shares", "generate", "live"]

SOURCES = {SOURCE + channel: 4 for channel in ("app", "chat", "email", "phone", "social", "survey", "website")}
"""Highest level of assurance by source: what the settings must say, in `identity.caps`, for people to be found exactly.

They are also to be in `intake.trusted_sources`, since history brings its own `received_at`."""


@dataclass(frozen=True)
class Options:
    """`orders`: real baskets, around which surveys, complaints and visits are placed."""

    orders: Sequence[Order] = ()
    topic_prefix: str = ""
    shares: Shares = USUAL


PLAIN = Options()


def generate(seed: int, households: Sequence[int], start: int, end: int, options: Options = PLAIN) -> Iterator[Item]:
    """Touchpoints of a period of the past (ms UTC), in the order in which they were received."""
    period = Period(seed, start, end)
    delivery = Delivery(f"{seed}:{start}", options.topic_prefix, options.shares)
    return delivery.deliver(tell(plan(period, households, options.orders)))


def live(seed: int, households: Sequence[int], start: int, rate: float, topic_prefix: str = "") -> Iterator[Item]:
    """Endless touchpoints from `start` on, about `rate` a second; whoever sends them waits until `item.at`."""
    delivery = Delivery(f"{seed}:{start}:live", topic_prefix)
    return delivery.deliver(tell(endless(seed, households, start, rate)))
