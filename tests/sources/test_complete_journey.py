import json
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import islice
from uuid import UUID

import pytest

from sources import complete_journey
from sources.emitting.record import Record


@pytest.fixture(scope="module")
def year() -> list[Record]:
    return list(complete_journey.records())


@pytest.fixture(scope="module")
def events(year: list[Record]) -> list[dict]:
    return [json.loads(record.value, parse_float=Decimal) for record in year]


def test_totals_of_all_events_equal_those_of_the_tables(events: list[dict]) -> None:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        household, properties = found[event["identifiers"]["loyalty_id"]], event["properties"]
        household[event["event"]] += 1
        household["lines"] += len(properties.get("products", ()))
        household["revenue"] += int(properties.get("revenue", 0) * 100)
    names = "Order Completed", "lines", "revenue", "Campaign Delivered", "Coupon Applied"
    totals = {id: complete_journey.Totals(*(c[name] for name in names)) for id, c in found.items()}
    assert totals == complete_journey.truth()


def test_the_truth_has_the_published_size() -> None:
    truth = complete_journey.truth()
    orders, lines, _, mailings, redemptions = (sum(column) for column in zip(*truth.values(), strict=True))
    assert (len(truth), orders, lines, mailings, redemptions) == (2_469, 155_848, 1_469_307, 6_589, 2_102)


def test_lines_add_up_to_the_revenue_of_their_basket(events: list[dict]) -> None:
    baskets = [event["properties"] for event in events if event["event"] == "Order Completed"]
    assert all(sum(line["total"] for line in basket["products"]) == basket["revenue"] for basket in baskets)


def test_events_come_in_order_of_time(year: list[Record]) -> None:
    times = [record.at for record in year]
    assert times == sorted(times)


def test_every_event_has_an_id_of_its_own(events: list[dict]) -> None:
    ids = {UUID(event["event_id"]) for event in events}
    assert len(ids) == len(events)


def test_history_was_received_when_it_happened(events: list[dict]) -> None:
    assert all(event["received_at"] == event["original_timestamp"] for event in events)


def test_a_second_replay_has_the_same_bytes(year: list[Record]) -> None:
    assert list(islice(complete_journey.records(), 5_000)) == year[:5_000]


def test_the_key_is_the_loyalty_card(year: list[Record], events: list[dict]) -> None:
    for record, event in islice(zip(year, events, strict=True), 5_000):
        assert record.key == b"loyalty_id:" + event["identifiers"]["loyalty_id"].encode()
        assert record.topic == "touchpoints." + event["channel"]


def test_a_prefix_goes_before_every_topic() -> None:
    assert next(complete_journey.records("shop.")).topic == "shop.touchpoints.post"


def test_orders_are_the_baskets(events: list[dict]) -> None:
    baskets = [event["identifiers"]["order_id"] for event in events if event["event"] == "Order Completed"]
    assert [order.order_id for order in complete_journey.orders()] == baskets
