"""The server reads of an event what Python reads of it, and no event that the schemas take can stop the intake."""

import json
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.decode import Decoded, Decoder, DecodeRules
from schemas.money import units_of
from schemas.tables import TOUCHPOINTS, Block
from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.store import ClickHouseStore
from sources.channels import discover

AT = 1_790_000_000_000
CHANNELS = discover()
RUNS = count(1)  # makes ids and partitions of every run its own
COLUMNS = "reinterpret(revenue, 'Int64'), reinterpret(total, 'Int64'), currency, order_id, identifiers"

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
amounts = st.one_of(
    st.integers(-(10**12), 10**12),
    st.floats(-1e9, 1e9, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-12),
    st.decimals(-(10**9), 10**9, places=5).map(str),
    st.sampled_from(
        [0.00015, 0.00025, -0.00015, 1.005, 59.970000000000006, "0.00025", "9999999999999.99994", "9999999999999.99996"]
    ),
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**30), 10**30)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
NAMES = [
    "order_id",
    "revenue",
    "total",
    "value",
    "currency",
    "coupon",
    "products",
    "path",
    "query",
    "metric",
    "score",
    "campaign",
]
orders = st.fixed_dictionaries(
    {"order_id": st.just("o-1"), "currency": st.sampled_from(["EUR", "usd"])},
    optional={"revenue": amounts, "total": amounts},
)
free = st.dictionaries(st.sampled_from(NAMES), anything, max_size=5)


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder(CHANNELS, DecodeRules(node_key=b"k" * 32, partitions=8, earliest_event=0))


@pytest.fixture
def store(server: Server) -> Iterator[ClickHouseStore]:
    with closing(ClickHouseStore(server)) as store:
        yield store


def decoded(decoder: Decoder, events: list[dict[str, Any]]) -> Decoded:
    values: list[bytes | None] = [json.dumps(event).encode() for event in events]
    size = len(values)
    return decoder.decode("touchpoints.store", 0, values, list(range(size)), [AT] * size, [None] * size)


def event(name: str, properties: dict[str, Any], number: int) -> dict[str, Any]:
    who = {"email": f"a{number}@b.c", "phone": None}
    head = {
        "event_id": f"e{number}-{next(RUNS)}",
        "event": name,
        "channel": "store",
        "source": "till",
        "identifiers": who,
    }
    return {**head, "original_timestamp": "2026-09-01T00:00:00Z", "properties": properties, "context": {}}


def stored(server: Server, store: ClickHouseStore, good: Decoded) -> list[tuple[Any, ...]]:
    """The columns of these events as the server has read them, in their order."""
    run, size = next(RUNS) % 65_536, len(good.facts)
    wide: list[list[Any]] = [[fact[i] for fact in good.facts] for i in range(8)]
    origin: list[list[Any]] = [["touchpoints.store"] * size, [run] * size, list(range(size))]
    store.insert(Block(TOUCHPOINTS, [*wide, good.sources, *origin, good.raws]))
    with closing(Connections(server)) as connections:
        query = f"SELECT {COLUMNS} FROM touchpoints WHERE partition = %(run)s ORDER BY offset"
        return list(zip(*connections.ask(query, {"run": run}), strict=True))


relaxed = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@relaxed
@given(given_orders=st.lists(orders, min_size=1, max_size=40))
def test_money_and_words_are_the_same_on_both_sides(
    server: Server, store: ClickHouseStore, decoder: Decoder, given_orders: list[dict[str, Any]]
) -> None:
    good = decoded(decoder, [event("Order Completed", order, i) for i, order in enumerate(given_orders)])
    kept = [given_orders[offset] for offset in good.offsets]
    for order, fact, row in zip(kept, good.facts, stored(server, store, good), strict=True):
        assert row[0] == (units_of(order["revenue"]) if "revenue" in order else 0)
        assert row[1] == (units_of(order["total"]) if "total" in order else 0)
        assert fact.value == (row[0] if "revenue" in order else row[1])
        assert (row[2].decode(), row[3]) == (fact.currency, b"o-1")
        assert row[4].keys() == {b"email"}


@relaxed
@given(properties=st.lists(free, min_size=1, max_size=40))
def test_no_event_that_is_taken_stops_the_intake(
    server: Server, store: ClickHouseStore, decoder: Decoder, properties: list[dict[str, Any]]
) -> None:
    good = decoded(decoder, [event("Something Else", values, i) for i, values in enumerate(properties)])
    rows = stored(server, store, good) if good.facts else []
    assert len(rows) == len(good.facts)


@pytest.mark.parametrize(
    "amount", [1e300, -1e300, 10**30, 10**14, "1e30", "nan", "inf", " 1", "12abc", True, None, [1], {"a": 1}]
)
def test_what_is_no_amount_is_zero(server: Server, store: ClickHouseStore, decoder: Decoder, amount: Any) -> None:
    good = decoded(decoder, [event("Something Else", {"revenue": amount, "products": [{"price": amount}]}, 0)])
    ((revenue, *_),) = stored(server, store, good)
    assert revenue == 0
    assert good.facts[0].value == 0


def test_one_insert_may_span_all_the_months_there_are(server: Server, store: ClickHouseStore, decoder: Decoder) -> None:
    months = [f"{2000 + i // 12}-{i % 12 + 1:02}-15T00:00:00Z" for i in range(12 * 26)]
    events = [event("Store Visited", {}, i) | {"original_timestamp": at} for i, at in enumerate(months)]
    assert len(stored(server, store, decoded(decoder, events))) == len(months)
