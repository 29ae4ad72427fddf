"""Whose identifier it is, whatever spelling is typed."""

from typing import Any
from uuid import UUID

import pytest

from queries.journeys import Ambiguous, NotFound, customer, owner_of
from schemas.ids import Id, node_of, to_uuid
from schemas.tables import FACTS, FRICTION, IDENTIFIERS, IDENTITY_MAP, STITCHED, TOUCHPOINTS
from sinks.clickhouse.server import Connections
from sinks.clickhouse.store import ClickHouseStore
from tests.queries.conftest import As
from tests.sinks.rows import AT, at, id, owned, put

KEY = b"a key that only the tests know, 0123"
KNOWN = (
    ("loyalty_id", "KC-1"),
    ("email", "anna@example.org"),
    ("phone", "+12075550149"),
    ("anonymous_id", "c0ffee"),
    ("social_id", "mastodon:@anna"),
)


def node(type: str, value: str) -> Id:
    return node_of(type, value, KEY)


ANNA = node("loyalty_id", "KC-1")


def known(store: ClickHouseStore, type: str, value: str, owner: Id = ANNA) -> Id:
    made = node(type, value)
    put(store, IDENTIFIERS, {"node": made, "type": type, "value": value, "first_seen": AT, "last_seen": AT})
    if made != owner:
        put(store, IDENTITY_MAP, {"node": made, "customer": owner, "seq": 1})
    return made


@pytest.fixture
def analyst(store: ClickHouseStore, access: As) -> Connections:
    for type, value in KNOWN:
        known(store, type, value)
    return access("analyst")


@pytest.mark.parametrize("key", [KEY, b""])
@pytest.mark.parametrize(
    "typed",
    ["KC-1", "kc-1", "loyalty_id:kc-1", " Anna@Example.ORG ", "Email:anna@example.org", "+1 (207) 555-0149", "207-555-0149",
     "c0ffee", "anonymous_id:c0ffee", "Mastodon:@anna", "social_id:mastodon:@anna"],
)  # fmt: skip
def test_an_identifier_is_found_in_any_spelling_with_and_without_the_key(
    analyst: Connections, typed: str, key: bytes
) -> None:
    assert owner_of(analyst, typed, "US", key) == to_uuid(ANNA)


def test_a_customer_id_finds_its_customer_also_after_a_merge(analyst: Connections) -> None:
    assert owner_of(analyst, str(to_uuid(ANNA))) == to_uuid(ANNA)
    assert owner_of(analyst, str(to_uuid(node("email", "anna@example.org")))) == to_uuid(ANNA)


def test_what_nobody_has_is_not_found_and_the_message_helps(analyst: Connections) -> None:
    with pytest.raises(NotFound, match=r"no customer has bob@example\.org; identifiers are matched whole"):
        owner_of(analyst, "bob@example.org")
    with pytest.raises(NotFound, match="a phone number needs its country"):
        owner_of(analyst, "0207 5550149")
    with pytest.raises(NotFound, match="the types are user_id, loyalty_id"):
        owner_of(analyst, "card:KC-1")
    with pytest.raises(NotFound):
        owner_of(analyst, str(UUID(int=7)))


def test_one_value_of_two_customers_asks_for_the_type(store: ClickHouseStore, analyst: Connections) -> None:
    other = known(store, "user_id", "KC-1", node("user_id", "KC-1"))
    with pytest.raises(Ambiguous, match="give one of: loyalty_id:KC-1, user_id:KC-1"):
        owner_of(analyst, "KC-1", key=KEY)
    assert owner_of(analyst, "user_id:KC-1") == to_uuid(other)


@pytest.mark.parametrize("typed", ["order_id:o-7", "o-7"])
def test_an_order_finds_the_customer_whose_touchpoint_carries_it(
    store: ClickHouseStore, analyst: Connections, typed: str
) -> None:
    known(store, "order_id", "o-7", node("order_id", "o-7"))
    raw = b'{"identifiers":{"order_id":"o-7","email":"anna@example.org"},"properties":{}}'
    put(store, TOUCHPOINTS, at(node("email", "anna@example.org"), "1", raw=raw, received_at=AT, event_time=AT))
    assert owner_of(analyst, typed, key=KEY) == to_uuid(ANNA)


def test_all_that_is_known_of_a_customer_is_told_in_order(store: ClickHouseStore, analyst: Connections) -> None:
    email = node("email", "anna@example.org")
    start: dict[str, Any] = {
        "journey_outcome": "open",
        "journey_type": "service",
        "journey_start": AT,
        "journey_id": id("j"),
    }
    for number, (member, more) in enumerate([(ANNA, start), (email, {"journey_id": id("j")})]):
        name, when = str(number), AT + number * 1000
        put(store, FACTS, at(member, name, event_time=when, received_at=when))
        put(store, STITCHED, owned(member, name, customer_id=ANNA, event_time=when, status="folded", **more))
    put(store, STITCHED, owned(node("email", "bob@example.org"), "9", customer_id=id("b"), status="folded"))
    put(store, FRICTION, owned(email, "1", signal="low_score", signal_id=id("s"), live=1, at=AT, detail="NPS of 1"))
    raw = b'{"properties":{"comment":"slow"},"source":"generated-x"}'
    put(store, TOUCHPOINTS, at(email, "1", raw=raw, event_time=AT + 1000, received_at=AT, source="generated-x"))
    found = customer(analyst, to_uuid(ANNA))
    assert {(each.type, each.value) for each in found.identifiers} == set(KNOWN)
    assert [(each.at, each.comment, each.generated) for each in found.touchpoints] == [
        (AT, "", False),
        (AT + 1000, "slow", True),
    ]
    assert [each.journey_id for each in found.journeys] == [to_uuid(id("j"))]
    assert [(each.signal, each.detail) for each in found.friction] == [("low_score", "NPS of 1")]
