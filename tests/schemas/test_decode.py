import json
from collections.abc import Mapping
from typing import Any

import pytest

from schemas.decode import Decoded, Decoder, DecodeRules, claims_of
from schemas.identifiers import home_of
from schemas.ids import event_id_of, node_of
from schemas.times import moment_of, to_ms
from sources.channels import discover

KEY = b"k" * 32
NOW = to_ms(moment_of("2026-11-25T12:00:00.000Z"))
MINUTE = 60_000


def event(channel: str, name: str, properties: Mapping[str, Any] | None = None, **changes: Any) -> bytes:
    body = {
        "event_id": "1f2e3d4c-0000-4000-8000-00000000000a",
        "event": name,
        "channel": channel,
        "source": "site",
        "original_timestamp": "2026-11-25T11:58:00.000Z",
        "identifiers": {"user_id": "u1"},
        "properties": properties or {},
    }
    return json.dumps(body | changes).encode()


def decode(value: bytes, key: bytes = b"user_id:u1", partition: int = 5, **rules: Any) -> Decoded:
    decoder = Decoder(discover(), DecodeRules(node_key=KEY, partitions=8, **rules))
    topic = f"touchpoints.{json.loads(value)['channel']}"
    decoded = decoder.decode(topic, partition, [value], [42], [NOW], [key])
    assert decoded.dead == []
    return decoded


def test_a_good_event_is_a_fact() -> None:
    value = event(
        "website", "Product Viewed", {"price": 5, "path": "/p"}, identifiers={"anonymous_id": "a", "user_id": " u1 "}
    )
    decoded = decode(value)
    fact = decoded.facts[0]
    assert fact.node == node_of("user_id", "u1", KEY)
    assert fact.event_id == event_id_of("1f2e3d4c-0000-4000-8000-00000000000a")
    assert (fact.channel, fact.event, fact.location) == ("website", "Product Viewed", "/p")
    assert (fact.original_timestamp, fact.event_time, fact.received_at) == (NOW - 2 * MINUTE, NOW - 2 * MINUTE, NOW)
    assert decoded.identifiers == [
        (("user_id", "u1", fact.node), ("anonymous_id", "a", node_of("anonymous_id", "a", KEY))),
    ]
    assert (decoded.offsets, decoded.record_times, decoded.sources, decoded.raws) == ([42], [NOW], ["site"], [value])


def test_a_clock_that_is_wrong_is_corrected_by_sent_at() -> None:
    value = event("website", "Page Viewed", original_timestamp="2019-01-01T00:00:00Z", sent_at="2019-01-01T00:03:00Z")
    fact = decode(value).facts[0]
    assert fact.event_time == NOW - 3 * MINUTE
    assert fact.original_timestamp == to_ms(moment_of("2019-01-01T00:00:00Z"))


@pytest.mark.parametrize(("trusted", "age"), [(frozenset({"site"}), 60), (frozenset(), 0)])
def test_received_at_is_believed_only_from_trusted_sources(trusted: frozenset[str], age: int) -> None:
    value = event("website", "Page Viewed", received_at="2026-11-25T11:00:00Z")
    assert decode(value, trusted=trusted).facts[0].received_at == NOW - age * MINUTE


def test_the_first_received_has_the_highest_version_and_content_breaks_a_tie() -> None:
    early, late = (
        decode(
            event("website", "Page Viewed", received_at=f"2026-11-25T11:0{i}:00Z"), trusted=frozenset({"site"})
        ).facts[0]
        for i in (0, 1)
    )
    assert early.version > late.version
    one, other = (decode(event("website", "Page Viewed", {"x": x})).facts[0].version for x in (1, 2))
    assert one != other and one >> 21 == other >> 21


@pytest.mark.parametrize(("said", "believed"), [(None, 1), (0, 0), (1, 1), (4, 1)])
def test_a_source_without_a_cap_is_believed_up_to_1(said: int | None, believed: int) -> None:
    assert decode(event("website", "Signed In", assurance=said)).levels == [believed]


@pytest.mark.parametrize(("said", "believed"), [(None, 1), (0, 0), (3, 3), (4, 3)])
def test_a_cap_of_the_settings_limits_assurance(said: int | None, believed: int) -> None:
    assert decode(event("website", "Signed In", assurance=said), caps={"site": 3}).levels == [believed]


@pytest.mark.parametrize(("key", "partition"), [(b"user_id:u1", 3), (b"user_id:u1", 0), (b"other", 5)])
def test_home_is_the_partition_of_the_nodes_own_key(key: bytes, partition: int) -> None:
    decoded = decode(event("website", "Page Viewed"), key, partition)
    assert decoded.homes == [home_of("user_id:u1") % 8]


@pytest.mark.parametrize(
    ("channel", "name", "properties", "expected"),
    [
        ("store", "Order Completed", {"revenue": 1, "total": 2, "value": 3, "currency": "eur"}, (10_000, "EUR")),
        ("store", "Order Completed", {"total": "2.50", "value": 3}, (25_000, "")),
        ("store", "Order Completed", {"value": 3}, (30_000, "")),
        ("website", "Page Viewed", {"revenue": 3}, (0, "")),
        ("website", "Spaceship Bought", {"revenue": "3.10", "currency": "usd"}, (31_000, "USD")),
        ("website", "Spaceship Bought", {"revenue": "much", "total": 4, "currency": 7}, (40_000, "")),
    ],
)
def test_value_is_revenue_else_total_else_value(
    channel: str, name: str, properties: dict[str, Any], expected: Any
) -> None:
    fact = decode(event(channel, name, properties)).facts[0]
    assert (fact.value, fact.currency) == expected


@pytest.mark.parametrize(
    ("identifiers", "properties", "thread"),
    [
        ({"call_id": "C1", "ticket_id": " T1 "}, {"order_id": "O1"}, "ticket_id:T1"),
        ({}, {"order_id": "O1", "chat_id": "X1"}, "chat_id:X1"),
        ({}, {"conversation_id": "X2"}, "chat_id:X2"),
        ({}, {"ticket_id": "null", "order_id": 7}, "order_id:7"),
        ({}, {}, ""),
    ],
)
def test_thread_is_the_first_transaction(identifiers: dict[str, str], properties: dict[str, Any], thread: str) -> None:
    value = event("chat", "Live Chat Message Sent", properties, identifiers={"user_id": "u1", **identifiers})
    assert decode(value).facts[0].thread == thread


@pytest.mark.parametrize(
    ("channel", "name", "properties", "context", "location"),
    [
        ("website", "Page Viewed", {"path": "/a", "url": "https://x.de/b", "location": "here"}, {}, "here"),
        ("website", "Page Viewed", {"url": "https://x.de/b?c=1#d"}, {"page": {"path": "/e"}}, "/b"),
        ("website", "Form Started", {}, {"page": {"path": "/e", "url": "https://x.de/f"}}, "/e"),
        ("website", "Form Started", {}, {"page": {"url": "https://x.de/f"}}, "/f"),
        ("website", "Form Started", {}, {"page": {"url": "https://[x/f"}}, ""),
        ("app", "Screen Viewed", {"name": "Home"}, {}, "Home"),
        ("app", "Signed In", {}, {"screen": {"name": "Login"}}, "Login"),
        ("store", "Order Completed", {"store_id": 318}, {}, "318"),
        ("phone", "Call Started", {"queue": "returns"}, {}, "returns"),
        ("website", "Spaceship Bought", {"location": ["x"], "screen": "Hangar"}, {}, "Hangar"),
    ],
)
def test_location_is_looked_for_in_order(
    channel: str, name: str, properties: dict[str, Any], context: dict[str, Any], location: str
) -> None:
    assert decode(event(channel, name, properties, context=context)).facts[0].location == location


def test_a_score_comes_with_its_metric() -> None:
    fact = decode(event("survey", "Survey Answered", {"metric": "nps", "score": 3})).facts[0]
    assert (fact.metric, fact.score) == ("nps", 3.0)


def test_an_event_of_transactions_alone_is_a_fact_without_claims() -> None:
    value = event("phone", "Call Started", identifiers={"call_id": "C1", "order_id": "O1"})
    decoded = decode(value)
    assert decoded.facts[0].node == node_of("call_id", "C1", KEY)
    assert claims_of(decoded.facts[0], decoded.identifiers[0], 1, "site") == []


def test_claims_are_a_star_from_the_node_to_what_can_join_people() -> None:
    value = event(
        "website", "Page Viewed", identifiers={"anonymous_id": "a", "order_id": "O", "email": "a@b", "user_id": "u"}
    )
    decoded = decode(value)
    claims = claims_of(decoded.facts[0], decoded.identifiers[0], 2, "site")
    assert [(claim.a.type, claim.b.type) for claim in claims] == [("user_id", "email"), ("user_id", "anonymous_id")]
    assert {claim.a.node for claim in claims} == {decoded.facts[0].node}
    assert [claim.b.home for claim in claims] == [home_of("email:a@b"), home_of("anonymous_id:a")]
    assert {(claim.kind, claim.level, claim.first_seen, claim.source) for claim in claims} == {
        ("link", 2, NOW - 2 * MINUTE, "site")
    }


def test_what_only_pydantic_accepts_is_handed_on_in_canonical_form() -> None:
    body = json.loads(
        event("store", "Order Completed", {"revenue": 5, "odd": {"kept": True}}, identifiers={"loyalty_id": 77})
    )
    body["timestamp"] = body.pop("original_timestamp")
    decoded = decode(json.dumps(body).encode())
    raw = json.loads(decoded.raws[0])
    assert raw["original_timestamp"] == "2026-11-25T11:58:00.000Z"
    assert raw["identifiers"] == {"loyalty_id": "77"}
    assert raw["properties"] == {"revenue": "5", "odd": {"kept": True}}
    assert decoded.facts[0].value == 50_000


def test_a_topic_prefix_belongs_to_the_name() -> None:
    decoder = Decoder(discover(), DecodeRules(node_key=KEY, partitions=8, prefix="t1."))
    decoded = decoder.decode("t1.touchpoints.website", 0, [event("website", "Page Viewed")], [1], [NOW], [None])
    assert len(decoded.facts) == 1


def test_event_ids_may_be_any_text() -> None:
    for text in (
        "A" * 36,
        "1F2E3D4C-0000-4000-8000-00000000000A",
        "{1f2e3d4c00004000800000000000000a}",
        "order-7",
        "ü",
    ):
        assert decode(event("website", "Page Viewed", event_id=text)).facts[0].event_id == event_id_of(text)


def test_a_location_is_cut_where_a_mark_would_grow_too_large() -> None:
    for name in ("Page Viewed", "Spaceship Bought"):
        [fact] = decode(event("website", name, {"location": "x" * 100_000})).facts
        assert fact.location == "x" * 1024
