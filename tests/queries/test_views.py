"""Analysts see the newest version of everything, before ClickHouse has merged a part, and may read nothing else."""

import json
from decimal import Decimal
from typing import Any

import pytest

from schemas.ids import Id, to_uuid
from schemas.tables import CUSTOMERS, FRICTION, IDENTIFIERS, IDENTITY_MAP, STITCHED, TOUCHPOINTS
from sinks.clickhouse.server import Connections
from sinks.clickhouse.store import ClickHouseStore
from tests.queries.conftest import As
from tests.sinks.rows import AT, at, customer, id, owned, put
from throughline.errors import ConfigurationError

CARD, MAIL, COOKIE = id("card"), id("mail"), id("cookie")
HOUR = 3_600_000
PAGE = {"path": "/x", "url": "http://x/y"}


@pytest.fixture
def analyst(access: As) -> Connections:
    return access("analyst")


def asked(analyst: Connections, query: str) -> list[tuple[Any, ...]]:
    """Rows, text as str."""
    columns = analyst.ask(query)
    return [tuple(v.decode() if isinstance(v, bytes) else v for v in row) for row in zip(*columns, strict=True)]


def touchpoint(node: Id, event: str, /, version: int = 1, late: int = 0, **properties: Any) -> dict[str, Any]:
    raw = {
        "identifiers": {"email": "a@b.c", "phone": None},
        "properties": properties,
        "context": {"page": PAGE},
    }
    times = {"event_time": AT, "received_at": AT + late, "version": version}
    return at(node, event, **times, channel="store", event="Order Completed", raw=json.dumps(raw).encode())


def stitched(node: Id, event: str, /, customer: Id, version: int = 1, **values: Any) -> dict[str, Any]:
    row = {"customer_id": customer, "event_time": AT, "received_at": AT, "channel": "store", "event": "Order Completed"}
    return owned(node, event, **{**row, "version": version, "status": "folded", **values})


def begins(node: Id, event: str, /, customer: Id, version: int = 1, **values: Any) -> dict[str, Any]:
    """A stitched row that begins a session and a journey."""
    session = {"session_id": id("s"), "session_start": AT, "session_end": AT + 1500, "session_touchpoints": 2}
    journey = {"journey_id": id("j"), "journey_type": "purchase", "journey_outcome": "open", "journey_start": AT}
    summary = {
        "journey_end": AT + 1500,
        "journey_touchpoints": 2,
        "journey_sessions": 1,
        "journey_channels": ("store",),
    }
    return stitched(node, event, customer, version, **{**session, **journey, **summary, **values})


def merge(store: ClickHouseStore, seq: int, winner: Id, *nodes: Id) -> None:
    put(store, IDENTITY_MAP, *({"node": node, "customer": winner, "seq": seq} for node in nodes))
    put(store, CUSTOMERS, customer(winner, seq, winner, *nodes), *(customer(n, seq) for n in nodes if n != winner))


def test_one_row_per_touchpoint_however_often_it_came(store: ClickHouseStore, analyst: Connections) -> None:
    put(store, TOUCHPOINTS, touchpoint(CARD, "1", version=1, order_id="second"))
    put(store, TOUCHPOINTS, touchpoint(CARD, "1", version=2, order_id="first"))
    put(store, TOUCHPOINTS, touchpoint(CARD, "1", version=1, order_id="second"))
    assert asked(analyst, "SELECT order_id, customer_id FROM touchpoints") == [("first", to_uuid(CARD))]


def test_what_an_event_carried_is_typed(store: ClickHouseStore, analyst: Connections) -> None:
    products = [
        {"product_id": "p1", "quantity": 2, "price": 4.35, "name": "Shoe"},
        {"product_id": "p2", "quantity": 0.5, "price": 1.005},
    ]
    order: dict[str, Any] = {
        "order_id": "o1",
        "revenue": 19.99,
        "total": "21.5",
        "currency": "EUR",
        "coupon_id": "C",
        "products": products,
    }
    order |= {"value": 7.1, "comment": "fine", "store_id": "s9"}
    put(store, TOUCHPOINTS, touchpoint(CARD, "1", **order, colour="blue", score=9))
    columns = "order_id, revenue, total, currency, coupon, product_ids, product_quantities, product_prices, score, path"
    found = asked(analyst, f"SELECT {columns} FROM touchpoints")
    prices = [Decimal("4.35"), Decimal("1.005")]
    money = Decimal("19.99"), Decimal("21.5")
    assert found == [("o1", *money, "EUR", "C", [b"p1", b"p2"], [2, 0.5], prices, 9, "/x")]
    less_asked = "SELECT value, product_names, product_categories, comment, location, url FROM touchpoints"
    assert asked(analyst, less_asked) == [(Decimal("7.1"), [b"Shoe", b""], [b"", b""], "fine", "s9", "http://x/y")]
    query = "SELECT JSONExtractString(properties, 'colour'), identifiers['email'], length(identifiers) FROM touchpoints"
    assert asked(analyst, query) == [("blue", "a@b.c", 1)]


def test_no_score_is_null_and_no_money_is_zero(store: ClickHouseStore, analyst: Connections) -> None:
    put(store, TOUCHPOINTS, touchpoint(CARD, "1"))
    assert asked(analyst, "SELECT score, revenue, product_ids FROM touchpoints") == [(None, Decimal(0), [])]


def test_an_event_received_after_three_days_is_late(store: ClickHouseStore, analyst: Connections) -> None:
    put(store, TOUCHPOINTS, touchpoint(CARD, "1", late=72 * HOUR), touchpoint(CARD, "2", late=72 * HOUR + 1))
    assert asked(analyst, "SELECT status FROM touchpoints ORDER BY event_id") == [("stored",), ("late",)]


def test_an_event_under_another_identifier_of_the_customer_is_counted_once(
    store: ClickHouseStore, analyst: Connections
) -> None:
    put(store, TOUCHPOINTS, touchpoint(CARD, "1", version=2), touchpoint(MAIL, "1", version=1))
    assert asked(analyst, "SELECT count() FROM touchpoints") == [(2,)]
    merge(store, 1, CARD, MAIL)
    put(store, STITCHED, stitched(CARD, "1", CARD), stitched(MAIL, "1", CARD, status="duplicate"))
    for view in ("touchpoints", "journey_touchpoints"):
        assert asked(analyst, f"SELECT customer_id, node FROM {view}") == [(to_uuid(CARD), to_uuid(CARD))]


def test_a_merge_and_an_unmerge_show_at_once(store: ClickHouseStore, analyst: Connections) -> None:
    put(store, TOUCHPOINTS, touchpoint(COOKIE, "1"))
    put(store, IDENTIFIERS, {"node": COOKIE, "type": "anonymous_id", "value": "c", "first_seen": AT, "last_seen": AT})
    put(store, FRICTION, owned(COOKIE, "1", signal="low_score", live=1, customer_id=COOKIE, at=AT))
    views = "touchpoints", "identities", "friction"
    owners = [("alone", COOKIE), ("merged", MAIL), ("merged again", CARD), ("cut", COOKIE)]
    for seq, (_, owner) in enumerate(owners):
        if seq:
            put(store, IDENTITY_MAP, {"node": COOKIE, "customer": owner, "seq": seq})
        found = [asked(analyst, f"SELECT customer_id FROM {view}") for view in views]
        assert found == [[(to_uuid(owner),)]] * 3
    put(store, IDENTITY_MAP, {"node": COOKIE, "customer": CARD, "seq": 2})
    assert asked(analyst, "SELECT customer_id FROM touchpoints") == [(to_uuid(COOKIE),)]


def test_a_merge_moves_sessions_and_journeys_with_one_insert(store: ClickHouseStore, analyst: Connections) -> None:
    put(store, STITCHED, begins(COOKIE, "1", COOKIE, version=1 << 48))
    put(store, STITCHED, begins(COOKIE, "1", CARD, version=2 << 48, journey_outcome="completed", journey_value=199900))
    for view in ("sessions", "journeys", "journey_touchpoints"):
        assert asked(analyst, f"SELECT customer_id FROM {view}") == [(to_uuid(CARD),)]
        assert asked(analyst, f"SELECT count() FROM {view} WHERE customer_id = '{to_uuid(COOKIE)}'") == [(0,)]
        assert asked(analyst, f"SELECT count() FROM {view} WHERE customer_id = '{to_uuid(CARD)}'") == [(1,)]
    assert asked(analyst, "SELECT outcome, value, seconds FROM journeys") == [
        ("completed", Decimal("19.99"), Decimal("1.5"))
    ]


def test_a_late_row_that_begins_the_session_takes_the_summary(store: ClickHouseStore, analyst: Connections) -> None:
    put(store, STITCHED, begins(CARD, "2", CARD, version=1))
    later = {"session_touchpoints": 0, "journey_outcome": "", "previous_channel": "chat", "previous_gap": 1500}
    put(store, STITCHED, begins(CARD, "1", CARD, version=2), begins(CARD, "2", CARD, version=2, **later))
    assert asked(analyst, "SELECT count() FROM sessions") == [(1,)]
    assert asked(analyst, "SELECT count() FROM journeys") == [(1,)]
    query = "SELECT handoff_from, seconds_since_previous FROM journey_touchpoints ORDER BY event_id"
    assert asked(analyst, query) == [("", Decimal(0)), ("chat", Decimal("1.5"))]


def test_a_journey_has_its_emotions_its_stage_and_its_links(store: ClickHouseStore, analyst: Connections) -> None:
    felt = {"journey_emotion_times": (AT, AT + 5, AT + 9), "journey_emotions": (0.2, -0.9, -0.5)}
    told = {"journey_currency": "EUR", "journey_stage": "service", "linked_journey_id": id("order"), **felt}
    put(
        store,
        STITCHED,
        begins(CARD, "1", CARD, version=(1 << 96) + 7, sentiment=0.0, sentiment_source="rating", **told),
    )
    put(store, STITCHED, begins(CARD, "2", CARD, journey_emotions=(0.5,), journey_emotion_times=(AT,)))
    columns = "currency, stage, length(emotion), emotion[2].sentiment, emotion_change, linked_journey_id, revision"
    assert asked(analyst, f"SELECT {columns} FROM journeys ORDER BY revision DESC") == [
        ("EUR", "service", 3, -0.9, -0.7, to_uuid(id("order")), 7),
        ("", "", 1, 0.0, None, None, 1),
    ]
    query = "SELECT sentiment, sentiment_source, revision FROM journey_touchpoints ORDER BY revision DESC"
    assert asked(analyst, query) == [(0.0, "rating", 7), (None, "", 1)]


def test_a_change_of_stage_is_told_with_what_was_before(store: ClickHouseStore, analyst: Connections) -> None:
    turn = {
        "stage": "service",
        "previous_stage": "purchase",
        "stage_time": 90_000,
        "stage_rule": "journeys.types.service.stage",
    }
    put(store, STITCHED, begins(CARD, "1", CARD, **turn), stitched(CARD, "2", CARD, stage="service"))
    columns = "from_stage, to_stage, seconds_in_stage, rule, journey_id"
    told = ("purchase", "service", Decimal(90), "journeys.types.service.stage", to_uuid(id("j")))
    assert asked(analyst, f"SELECT {columns} FROM stage_transitions") == [told]
    query = "SELECT previous_stage, seconds_in_previous_stage FROM journey_touchpoints ORDER BY event_id"
    assert asked(analyst, query) == [("purchase", Decimal(90)), ("", Decimal(0))]


def test_delay_and_the_corrected_clock_are_told(store: ClickHouseStore, analyst: Connections) -> None:
    put(store, STITCHED, stitched(CARD, "1", CARD, event_time=AT - 250, received_at=AT + 80 * HOUR, status="late"))
    query = "SELECT status, seconds_late, clock_skew_seconds, linked_journey_id FROM journey_touchpoints"
    assert asked(analyst, query) == [("late", Decimal("288000.25"), Decimal("-0.25"), None)]


def test_a_withdrawn_signal_is_gone(store: ClickHouseStore, analyst: Connections) -> None:
    put(store, FRICTION, owned(CARD, "1", signal="unanswered", live=1), owned(CARD, "2", signal="unanswered", live=1))
    put(store, FRICTION, owned(CARD, "1", signal="unanswered", live=0, version=2))
    assert asked(analyst, "SELECT event_id FROM friction") == [(to_uuid(id("2")),)]


def test_a_customer_sums_up_what_is_stitched(store: ClickHouseStore, analyst: Connections) -> None:
    seen = {"first_seen": AT, "last_seen": AT}
    put(store, IDENTIFIERS, {"node": CARD, "type": "loyalty_id", "value": "L1", **seen})
    put(store, IDENTIFIERS, {"node": MAIL, "type": "email", "value": "a@b.c", **seen})
    merge(store, 1, CARD, MAIL)
    put(store, STITCHED, begins(CARD, "1", CARD, value=100_000, currency="USD", signals=("low_score",)))
    put(store, STITCHED, stitched(MAIL, "2", CARD, value=5, currency="USD", channel="app"))
    put(store, STITCHED, stitched(MAIL, "3", CARD, status="duplicate", value=7, currency="USD"))
    columns = "customer_id, touchpoints, channels, sessions, open_journeys, orders, order_value, signals, identifiers"
    (found,) = asked(analyst, f"SELECT {columns} FROM customers")
    assert found[:6] == (to_uuid(CARD), 2, [b"app", b"store"], 1, 1, 2)
    assert found[6] == {b"USD": Decimal("10.0005")}
    assert found[7:] == (1, [(b"email", b"a@b.c"), (b"loyalty_id", b"L1")])


def test_the_analyst_may_not_read_the_store(analyst: Connections) -> None:
    with pytest.raises(ConfigurationError, match="grants"):
        analyst.ask(f"SELECT * FROM {analyst.server.store}.stitched")


def test_every_view_and_every_column_of_it_is_documented(access: As) -> None:
    auditor = access("auditor")
    where = "WHERE database = %(views)s AND empty(comment)"
    named = {"views": auditor.server.views}
    assert not auditor.ask(f"SELECT name FROM system.tables {where}", named)
    assert not auditor.ask(f"SELECT table, name FROM system.columns {where}", named)
    assert auditor.ask("SELECT count() FROM system.tables WHERE database = %(views)s", named)[0][0] >= 8
