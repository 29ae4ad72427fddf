import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

import msgspec
import pytest

from sources import complete_journey
from sources.complete_journey import Totals
from sources.emitting.record import Record


class Line(msgspec.Struct):
    total: Decimal


class Properties(msgspec.Struct):
    revenue: Decimal = Decimal(0)
    products: list[Line] = []


class Event(msgspec.Struct):
    """What the tests read of an event; money keeps every digit."""

    event_id: str
    event: str
    channel: str
    original_timestamp: str
    received_at: str
    identifiers: dict[str, str]
    properties: Properties


@dataclass
class Year:
    """The whole stream, read once and thrown away."""

    found: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    times: list[int] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    baskets: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    def read(self, record: Record) -> None:
        event = msgspec.json.decode(record.value, type=Event)
        household, lines = event.identifiers["loyalty_id"], event.properties.products
        self.times.append(record.at)
        self.ids.add(event.event_id)
        self.found[household].update(
            {event.event: 1, "lines": len(lines), "cents": int(event.properties.revenue * 100)}
        )
        if event.event == "Order Completed":
            self.baskets.append(event.identifiers["order_id"])
        self.faults["sum"] += sum(line.total for line in lines) != event.properties.revenue
        self.faults["received"] += event.received_at != event.original_timestamp
        self.faults["key"] += record.key != f"loyalty_id:{household}".encode()
        self.faults["topic"] += record.topic != f"touchpoints.{event.channel}"


@pytest.fixture(scope="module")
def year() -> Year:
    year = Year()
    for record in complete_journey.records():
        year.read(record)
    return year


def test_totals_of_all_events_equal_those_of_the_tables(year: Year) -> None:
    names = "Order Completed", "lines", "cents", "Campaign Delivered", "Coupon Applied"
    totals = {household: Totals(*(counts[name] for name in names)) for household, counts in year.found.items()}
    assert totals == complete_journey.truth()


def test_the_truth_has_the_published_size() -> None:
    truth = complete_journey.truth()
    orders, lines, _, mailings, redemptions = (sum(column) for column in zip(*truth.values(), strict=True))
    assert (len(truth), orders, lines, mailings, redemptions) == (2_469, 155_848, 1_469_307, 6_589, 2_102)


def test_events_come_in_order_of_time_and_have_ids_of_their_own(year: Year) -> None:
    assert year.times == sorted(year.times)
    assert len(year.ids) == len(year.times)


def test_lines_add_up_to_the_revenue_of_their_basket(year: Year) -> None:
    assert year.faults["sum"] == 0


def test_history_was_received_when_it_happened(year: Year) -> None:
    assert year.faults["received"] == 0


def test_the_key_is_the_loyalty_card_and_the_topic_that_of_the_channel(year: Year) -> None:
    assert year.faults["key"] == year.faults["topic"] == 0


def test_orders_are_the_baskets(year: Year) -> None:
    assert [order.order_id for order in complete_journey.orders()] == year.baskets


def test_a_second_replay_has_the_same_bytes() -> None:
    again = islice(complete_journey.records(), 5_000)
    assert all(a == b for a, b in zip(again, complete_journey.records(), strict=False))


def test_a_prefix_goes_before_every_topic() -> None:
    assert next(complete_journey.records("shop.")).topic == "shop.touchpoints.post"


def test_an_order_says_what_was_bought() -> None:
    order = json.loads(next(complete_journey.baskets()).value)
    assert order["properties"] == {
        "store_id": "330",
        "currency": "USD",
        "revenue": 0.5,
        "discount": 0.0,
        "coupon_discount": 0.0,
        "products": [
            {
                "product_id": "1095275",
                "name": order["properties"]["products"][0]["name"],
                "category": order["properties"]["products"][0]["category"],
                "quantity": 1,
                "price": 0.5,
                "total": 0.5,
            }
        ],
    }
