import json
from typing import Any

import pytest

from schemas.deadletter import REASONS
from schemas.decode import Decoded, Decoder, DecodeRules
from sources.channels import discover

PRODUCTS = "properties.products"
NOW = 1_795_000_000_000  # 2026-11-18T11:06:40Z
GOOD: dict[str, Any] = {
    "event_id": "e-1",
    "event": "Order Completed",
    "channel": "store",
    "source": "till-4",
    "original_timestamp": "2026-11-18T11:00:00.000Z",
    "identifiers": {"loyalty_id": "abc-1"},
    "properties": {"revenue": 12.34, "currency": "EUR"},
    "context": {"till": 4},
}


def event(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def without(field: str) -> bytes:
    return json.dumps({name: value for name, value in GOOD.items() if name != field}).encode()


def nested(levels: int) -> Any:
    return json.loads("[" * levels + "]" * levels)


def decode(values: list[bytes | None], **rules: Any) -> Decoded:
    decoder = Decoder(discover(), DecodeRules(node_key=b"k" * 32, partitions=8, **rules))
    count = len(values)
    return decoder.decode(
        "touchpoints.store", 3, values, list(range(100, 100 + count)), [NOW] * count, [b"loyalty_id:ABC-1"] * count
    )


BAD: dict[str, tuple[bytes | None, str, str]] = {
    "tombstone": (None, "tombstone", ""),
    "empty": (b"", "not_json", ""),
    "no JSON": (b"event=Order+Completed", "not_json", ""),
    "half an event": (event()[:-20], "not_json", ""),
    "two events": (event() + event(), "not_json", ""),
    "two lines": (event() + b"\n" + event(), "not_json", ""),
    "byte order mark": (b"\xef\xbb\xbf" + event(), "not_json", ""),
    "UTF-16": (event().decode().encode("utf-16"), "not_json", ""),
    "no UTF-8 in a free property": (event(properties={"x": "?"}).replace(b"?", b"\xff"), "not_json", ""),
    "NaN": (event(properties={"x": float("nan")}), "not_json", ""),
    "NaN as revenue": (event(properties={"revenue": float("nan")}), "not_json", ""),
    "Infinity": (event(properties={"x": float("inf")}), "not_json", ""),
    "1e999": (event(properties={"x": 7}).replace(b": 7}", b": 1e999}"), "not_finite", "properties.x"),
    "400 digits": (event(properties={"x": 7}).replace(b": 7", b": %s.0" % (b"9" * 400)), "not_finite", "properties.x"),
    "a list": (b"[" + event() + b"]", "invalid", ""),
    "a text": (b'"Order Completed"', "invalid", ""),
    "10 MB": (event(properties={"x": "x" * 10_000_000}), "too_large", ""),
    "a property of 33 levels": (event(properties={"x": nested(31)}), "too_deep", ""),
    "100,000 levels": (b"[" * 100_000 + b"]" * 100_000, "too_deep", ""),
    "NUL": (event(properties={"x": "a\0b"}), "bad_text", "properties.x"),
    "NUL in a known property": (event(properties={"order_id": "a\0b"}), "bad_text", "properties.order_id"),
    "NUL in a name": (event(properties={"a\0b": 1}), "bad_text", "properties"),
    "NUL byte": (event(properties={"x": "?"}).replace(b"?", b"\0"), "not_json", ""),
    "lone surrogate": (event(properties={"x": "\ud800"}), "bad_text", "properties.x"),
    "lone surrogate in a list": (event(context={"x": [1, "\udfff!"]}), "bad_text", "context.x.1"),
    "surrogate bytes": (event(properties={"x": "?"}).replace(b"?", b"\xed\xa0\x80"), "not_json", ""),
    "no source": (without("source"), "invalid", "source"),
    "no time": (without("original_timestamp"), "invalid", "original_timestamp"),
    "no event": (without("event"), "invalid", "event"),
    "event is a number": (event(event=["Order Completed"]), "invalid", "event"),
    "empty event id": (event(event_id=""), "invalid", "event_id"),
    "endless source": (event(source="x" * 300), "invalid", "source"),
    "revenue is a word": (event(properties={"revenue": "much"}), "invalid", "properties.revenue"),
    "revenue is true": (event(properties={"revenue": True}), "invalid", "properties.revenue"),
    "revenue is 10^13": (event(properties={"revenue": 10**13}), "invalid", "properties.revenue"),
    "price of a product": (event(properties={"products": [{}, {"price": []}]}), "invalid", f"{PRODUCTS}.1.price"),
    "properties are a list": (event(properties=[1]), "invalid", "properties"),
    "properties are null": (event(properties=None), "invalid", "properties"),
    "context is a text": (event(context="shop"), "invalid", "context"),
    "assurance 5": (event(assurance=5), "invalid", "assurance"),
    "no time of day": (event(original_timestamp="2026-11-18"), "invalid", "original_timestamp"),
    "no time zone": (event(original_timestamp="2026-11-18T11:00:00.000"), "invalid", "original_timestamp"),
    "30 February": (event(original_timestamp="2026-02-30T11:00:00.000Z"), "invalid", "original_timestamp"),
    "seconds since 1970": (event(original_timestamp=NOW // 1000), "invalid", "original_timestamp"),
    "wrong sent_at": (event(sent_at="now"), "invalid", "sent_at"),
    "wrong received_at": (event(received_at="now"), "invalid", "received_at"),
    "1970": (event(original_timestamp="1970-01-01T00:00:00.000Z"), "out_of_time", "original_timestamp"),
    "2100": (event(original_timestamp="2100-01-01T00:00:00.000Z"), "out_of_time", "original_timestamp"),
    "1970 by correction": (event(sent_at="2090-01-01T00:00:00.000Z"), "out_of_time", "sent_at"),
    "25 hours ahead": (event(original_timestamp="2026-11-19T12:06:40.001Z"), "out_of_time", "original_timestamp"),
    "no identifiers": (without("identifiers"), "missing_identifiers", "identifiers"),
    "identifiers are null": (event(identifiers=None), "missing_identifiers", "identifiers"),
    "identifiers are empty": (event(identifiers={}), "missing_identifiers", "identifiers"),
    "only blocked identifiers": (
        event(identifiers={"user_id": " NULL ", "device_id": "00000000-0000-0000-0000-000000000000", "email": "guest"}),
        "missing_identifiers",
        "identifiers",
    ),
    "a list of user ids": (event(identifiers={"user_id": ["1"]}), "invalid", "identifiers.user_id"),
    "an unknown identifier": (event(identifiers={"userid": "1"}), "invalid", "identifiers.userid"),
    "an unknown channel": (event(channel="fax"), "unknown_channel", "channel"),
    "another channel": (event(channel="website"), "wrong_channel", "channel"),
    "channel is a number": (event(channel=4), "invalid", "channel"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_dead_letter_and_its_neighbours_flow(name: str) -> None:
    value, reason, field = BAD[name]
    decoded = decode([event(), value, event(event_id="e-2")])
    assert decoded.offsets == [100, 102]
    (dead,) = decoded.dead
    assert (dead.offset, dead.record_time, dead.reason, dead.field) == (101, NOW, reason, field)
    assert (dead.raw, dead.key) == (value or b"", b"loyalty_id:ABC-1")
    assert dead.message.startswith(f"{field}: ") or not field


@pytest.mark.parametrize("name", BAD)
def test_every_message_names_a_remedy(name: str) -> None:
    (dead,) = decode([BAD[name][0]]).dead
    words = ("send", "use ", "correct", "remove", "must be", "needs it", "should be", "leave")
    assert any(word in dead.message for word in words), dead.message


def test_all_bad_input_in_one_chunk_is_told_apart() -> None:
    values = [value for value, _, _ in BAD.values()]
    decoded = decode([*values, event()])
    assert [dead.reason for dead in decoded.dead] == [reason for _, reason, _ in BAD.values()]
    assert decoded.offsets == [100 + len(values)]


def test_every_reason_is_in_the_catalogue() -> None:
    assert {reason for _, reason, _ in BAD.values()} == set(REASONS)


def test_an_unknown_topic_is_all_dead() -> None:
    decoder = Decoder(discover(), DecodeRules(node_key=b"k" * 32, partitions=8))
    decoded = decoder.decode("touchpoints.fax", 0, [event(), None], [1, 2], [NOW, NOW], [None, None])
    assert [dead.reason for dead in decoded.dead] == ["unknown_channel", "tombstone"]


def test_nothing_gives_nothing() -> None:
    assert decode([]) == ([], [], [], [], [], [], [], [], [])


def test_32_levels_are_not_too_deep() -> None:
    assert decode([event(properties={"x": nested(30)})]).dead == []


def test_many_products_are_not_deep() -> None:
    assert decode([event(properties={"products": [{"price": 1}] * 500})]).dead == []


def test_1e300_and_long_digits_in_text_are_no_overflow() -> None:
    assert decode([event(properties={"x": 1e300, "card": "1" * 400, "hex": "4e1234"})]).dead == []


def test_escaped_backslashes_before_u0000_are_no_nul() -> None:
    assert decode([event(properties={"x": "\\u0000"})]).dead == []


def test_whole_surrogate_pairs_are_kept() -> None:
    value = event(properties={"x": "😀"})
    assert b"\\ud83d" in value
    assert decode([value]).raws == [value]
