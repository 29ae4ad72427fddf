"""The fast lane never accepts what pydantic refuses, and whatever lane takes an event, it means the same."""

import json
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.channel import Channel
from schemas.decode import Decoded, Decoder, DecodeRules
from schemas.decoding.mend import Mender
from schemas.fact import Fact, version_of
from schemas.identifiers import TRANSACTIONS, normalise, ranked
from schemas.ids import event_id_of, node_of
from schemas.sentiment import measured
from schemas.times import to_ms
from schemas.touchpoint import Touchpoint
from sources.channels import discover

NOW = 1_795_000_000_000
KEY = b"k" * 32
CHANNELS = {channel.name: channel for channel in discover()}
RULES = DecodeRules(node_key=KEY, partitions=8, region="DE", caps={"till": 4}, trusted=frozenset({"import"}))
DECODER = Decoder(CHANNELS.values(), RULES)
MENDER = Mender(CHANNELS, RULES.max_record_bytes, RULES.region, RULES.blocked)

texts = st.text(max_size=8) | st.sampled_from(
    ["", "a", "null", "T-1", " x ", "https://x.de/a?b", "/p", "12.34", "\0", "\ud83d"]
)
numbers = (
    st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(-(10**6), 10**6, places=5).map(float)
    | st.sampled_from([0, 1, 5, 11, 0.00005, 1e300, -0.0, True, 10**13, 59.970000000000006])
)
scalars = (
    st.none()
    | st.booleans()
    | texts
    | numbers
    | st.sampled_from(["nps", "csat", "ces", "EUR", "eur", "12,5", "1e3", "-7"])
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=5
)
times = st.sampled_from(
    [
        "2026-11-18T11:00:00.000Z", "2026-11-18T11:00:00.123Z", "2026-11-18T11:00:00Z",
        "2026-11-18T12:00:00.999999+01:00", "2026-11-18t11:00:00.1z", "2026-11-18 11:00:00Z",
    ]
)  # fmt: skip
wrong_times = times | anything | st.sampled_from(
    [
        "2026-11-18", "1970-01-01T00:00:00.000Z", "2026-13-18T11:00:00.000Z",
        "2026-11-18T11:00:00.00²Z", "0000-01-01T00:00:00.000Z", "2026-02-29T00:00:00.000Z", "2024-02-29T24:00:00.000Z",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    ]
)  # fmt: skip
NAMES = ["user_id", "loyalty_id", "email", "phone", "social_id", "anonymous_id", "ticket_id", "order_id"]
values = st.sampled_from(["u1", " Ab@X.de ", "0171 1234567", "x:1", "A-7", "null", "0"])
identifiers = st.dictionaries(st.sampled_from(NAMES), values, min_size=1, max_size=4)
wrong_identifiers = anything | st.dictionaries(
    st.sampled_from([*NAMES, "fax"]),
    st.sampled_from(["  ", "a" * 1025]) | texts | st.none() | st.integers(),
    max_size=3,
)


def usually(good: st.SearchStrategy[Any], odd: st.SearchStrategy[Any] = anything) -> st.SearchStrategy[Any]:
    return st.integers(0, 19).flatmap(lambda dice: odd if dice == 7 else good)


PAGES = st.fixed_dictionaries({}, optional={"path": texts, "url": texts})
SCREENS = usually(st.fixed_dictionaries({}, optional={"name": texts}))
CONTEXTS = st.fixed_dictionaries({}, optional={"page": PAGES, "screen": SCREENS, "ip": anything})


@st.composite
def properties(draw: st.DrawFn, channel: Channel, event: str) -> dict[str, Any]:
    """Of the right names; mostly of the right kinds, by trying pydantic's own words for them."""
    model = next((model for model in channel.events if model.event == event), None)
    names = list(model.model_fields) if model else ["location", "value", "revenue", "metric", "score", "chat_id", "url"]
    chosen = draw(st.lists(st.sampled_from(names), max_size=5, unique=True))
    result = {name: draw(_value(name)) for name in chosen} | draw(st.dictionaries(texts, anything, max_size=2))
    if event == "Survey Answered":
        result |= {
            "metric": draw(usually(st.sampled_from(["nps", "csat", "ces"]))),
            "score": draw(usually(st.integers(0, 10))),
        }
    return result


def _value(name: str) -> st.SearchStrategy[Any]:
    if name in ("value", "revenue", "total", "price", "tax", "discount", "shipping", "subtotal"):
        return usually(numbers | st.decimals(-(10**6), 10**6, places=4).map(str))
    if name in ("quantity", "score", "x", "y", "position", "results", "step", "fields") or name.endswith(
        ("seconds", "duration")
    ):
        return usually(numbers)
    if name == "products":
        line = st.fixed_dictionaries({}, optional={"price": _value("price"), "quantity": _value("x"), "sku": texts})
        return usually(st.lists(line, max_size=3))
    return usually(st.sampled_from(["EUR", "usd"]) if name == "currency" else texts)


@st.composite
def events(draw: st.DrawFn) -> tuple[str, bytes]:
    """(channel of the topic, bytes of a record)"""
    channel = draw(st.sampled_from(list(CHANNELS.values())))
    name = draw(usually(st.sampled_from([model.event for model in channel.events]), texts))
    event: dict[str, Any] = {
        "event_id": draw(usually(st.uuids().map(str) | st.uuids().map(lambda uuid: str(uuid).upper()), texts)),
        "event": name,
        "channel": draw(usually(st.just(channel.name))),
        "source": draw(usually(st.sampled_from(["till", "import", "site"]))),
        "original_timestamp": draw(usually(times, wrong_times)),
        "identifiers": draw(usually(identifiers, wrong_identifiers)),
        "properties": draw(usually(properties(channel, name))),
    }
    optional = {"sent_at": times | st.none(), "received_at": times, "timestamp": wrong_times, "extra": anything,
                "assurance": st.integers(0, 4), "context": CONTEXTS}  # fmt: skip
    for field in draw(st.lists(st.sampled_from(sorted(optional)), max_size=3, unique=True)):
        event[field] = draw(usually(optional[field]))
    return channel.name, json.dumps(event, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


def decode(channel: str, value: bytes) -> Decoded:
    return DECODER.decode(f"touchpoints.{channel}", 0, [value], [7], [NOW], [None])


def meant(touchpoint: Touchpoint) -> Fact:
    """The fact, computed anew and one by one from what pydantic made of the event."""
    said, about = touchpoint.properties, touchpoint.identifiers.model_dump()
    names = ranked(about, "DE")
    original, received = to_ms(touchpoint.original_timestamp), NOW
    if touchpoint.received_at and touchpoint.source == "import":
        received = to_ms(touchpoint.received_at)
    moved = received - (to_ms(touchpoint.sent_at) - original) if touchpoint.sent_at else original
    money = next(
        (amount for name in ("revenue", "total", "value") if (amount := _of(said, name)) is not None), Decimal(0)
    )
    metric, score = _mood(said)
    return Fact(
        node=node_of(*names[0], KEY),
        original_timestamp=original,
        event_id=event_id_of(touchpoint.event_id),
        event_time=moved,
        received_at=received,
        version=version_of(received, 0),
        channel=touchpoint.channel,
        event=touchpoint.event,
        thread=_thread(names, said),
        value=int((money * 10_000).to_integral_value(ROUND_HALF_EVEN)),
        currency=(_of(said, "currency") or "").upper(),
        metric=metric,
        score=score,
        location="",
        about=_about(names, said),
    )


def _mood(said: Any) -> tuple[str, float]:
    """A survey's score, else a rating from 1 to 5, else the mood of the words."""
    words = _of(said, type(said).words) if type(said).words else None
    if _of(said, "metric"):
        return said.metric, float(said.score)
    if 1 <= (_of(said, "rating") or 0) <= 5:
        return "rating", float(said.rating)
    score = measured(words) if words else None
    return ("text", score) if score else ("", 0.0)


def _of(said: Any, name: str) -> Any:
    return getattr(said, name) if name in type(said).model_fields else None


def _thread(names: list[tuple[str, str]], said: Any) -> str:
    for type in TRANSACTIONS:
        for name, value in names:
            if name == type:
                return f"{type}:{value}"
    for name in ("ticket_id", "call_id", "chat_id", "conversation_id", "order_id"):
        value = _of(said, name)
        if value and (normal := normalise("chat_id" if name == "conversation_id" else name, value)):
            return f"{'chat_id' if name == 'conversation_id' else name}:{normal}"
    return ""


def _about(names: list[tuple[str, str]], said: Any) -> str:
    order = dict(names).get("order_id") or (_of(said, "order_id") and normalise("order_id", _of(said, "order_id")))
    return f"order_id:{order}" if order and f"order_id:{order}" != _thread(names, said) else ""


def holds_in_the_slow_lane(channel: str, value: bytes, decoded: Decoded) -> None:
    canonical = MENDER.mend(channel, value)
    assert isinstance(canonical, bytes), canonical
    again = decode(channel, canonical)
    assert again.raws == [canonical]
    assert again.facts[0]._replace(version=0) == decoded.facts[0]._replace(version=0)
    assert (again.identifiers, again.levels, again.sources) == (decoded.identifiers, decoded.levels, decoded.sources)


@settings(max_examples=500, deadline=None)
@given(events())
@example(("post", b'{"event_id":"0","source":"a","channel":"post","original_timestamp":"2026-11-18T11:00:00Z"}'))
@example(("survey", b'{"event_id":"0","event":"Survey Answered","source":"a","channel":"survey"}'))
def test_what_the_fast_lane_accepts_pydantic_accepts_with_the_same_values(event: tuple[str, bytes]) -> None:
    channel, value = event
    decoded = decode(channel, value)
    assert len(decoded.facts) + len(decoded.dead) == 1
    if not decoded.facts:
        return
    holds_in_the_slow_lane(channel, value, decoded)
    body = json.loads(value)
    touchpoint = CHANNELS[channel].touchpoint_of(body["event"]).model_validate(body)
    known = body["event"] in CHANNELS[channel].touchpoints
    fact, names = decoded.facts[0], ranked(touchpoint.identifiers.model_dump(), "DE")
    assert [identifier[:2] for identifier in decoded.identifiers[0]] == names
    if known:
        assert fact._replace(version=0, location="") == meant(touchpoint)._replace(version=0)


@settings(max_examples=500, deadline=None)
@given(events(), st.data())
def test_bytes_that_were_spoiled_are_judged_alike_by_both_lanes(event: tuple[str, bytes], data: st.DataObject) -> None:
    channel, value = event[0], _spoil(event[1], data)
    decoded = decode(channel, value)
    if decoded.facts:
        holds_in_the_slow_lane(channel, value, decoded)


@settings(max_examples=80, deadline=None)
@given(st.lists(events(), min_size=1, max_size=8), st.data())
def test_a_chunk_decodes_as_its_records_one_by_one(chunk: list[tuple[str, bytes]], data: st.DataObject) -> None:
    channel = chunk[0][0]
    values: list[bytes | None] = [value for _, value in chunk]
    values[data.draw(st.integers(0, len(values) - 1))] = data.draw(
        st.sampled_from([None, b"", b"{}\n{}", b"\xff", b"[" * 40])
    )
    count = len(values)
    whole = DECODER.decode(f"touchpoints.{channel}", 0, values, list(range(count)), [NOW] * count, [None] * count)
    singles = [
        DECODER.decode(f"touchpoints.{channel}", 0, [value], [i], [NOW], [None]) for i, value in enumerate(values)
    ]
    for place, column in enumerate(whole):
        assert column == [item for single in singles for item in single[place]]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.none() | st.binary(max_size=40) | events().map(lambda event: event[1]), max_size=6), st.data())
def test_decode_never_raises_and_loses_nothing(values: list[bytes | None], data: st.DataObject) -> None:
    spoiled = [_spoil(value, data) if value else value for value in values]
    count = len(spoiled)
    for channel in ("store", "website", "fax"):
        decoded = DECODER.decode(
            f"touchpoints.{channel}", 1, spoiled, list(range(count)), [NOW] * count, [b"x"] * count
        )
        assert sorted(decoded.offsets + [dead.offset for dead in decoded.dead]) == list(range(count))


def _spoil(value: bytes, data: st.DataObject) -> bytes:
    place = data.draw(st.integers(0, len(value)))
    junk = [
        b"",
        b"\0",
        b"\xff",
        b'"',
        b"\\",
        b"\\u0000",
        b"\\ud800",
        b"\\udc00x",
        b"{",
        b"]",
        b"1e999",
        b"-",
        b"\n",
        b"NaN",
        b"9" * 400,
    ]
    return value[:place] + data.draw(st.sampled_from(junk)) + value[place + data.draw(st.integers(0, 3)) :]
