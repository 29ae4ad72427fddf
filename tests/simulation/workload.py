"""Random inputs over a small alphabet, as the records of public topics and as an operator's cuts."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from random import Random
from typing import Any

from schemas.decode import Decoder, DecodeRules
from schemas.identifiers import home_of, key_of, ranked
from schemas.ids import node_of
from schemas.messages import NOBODY, Claim, Member, encode
from schemas.times import moment_of, to_ms
from schemas.topics import CLAIMS, public_topic
from sources.channels import discover
from streams.effects import Message
from streams.identity.rules import IdentityRules
from streams.rules import default, parse
from tests.simulation.world import DAY, HOUR, MINUTE, Setup
from throughline.clock import iso

NODE_KEY = b"simulation"
NOW = 1_767_225_600_000 + 35 * DAY  # when a schedule begins
HORIZON = NOW + 45 * DAY  # when all deadlines of its events have come
FEATURES = ("cuts", "late", "copies", "malformed", "strays", "rules")
ALPHABET = {
    "user_id": ("1", "2"), "loyalty_id": ("L1",), "email": ("a@x.org", "b@x.org", "c@x.org"), "phone": ("+4930123456",),
    "device_id": ("d",), "anonymous_id": ("ck-a", "ck-b", "ck-c"),
}  # fmt: skip
HAPPENINGS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("website", "Page Viewed", {}),
    ("website", "Product Added", {"product_id": "p", "price": "2.50", "currency": "EUR"}),
    ("website", "Order Completed", {"order_id": "O-1", "total": "19.90", "currency": "EUR"}),
    ("website", "Form Started", {"form_id": "f"}),
    ("website", "Form Submitted", {"form_id": "f"}),
    ("website", "Checkout Started", {}),
    ("email", "Support Email Received", {"ticket_id": "T-1"}),
    ("email", "Support Email Received", {}),
    ("email", "Support Email Replied", {"ticket_id": "T-1"}),
    ("chat", "Live Chat Conversation Started", {"chat_id": "C-1"}),
    ("chat", "Live Chat Message Received", {"chat_id": "C-1"}),
    ("survey", "Survey Answered", {"metric": "nps", "score": 3}),
    ("survey", "Survey Answered", {"metric": "nps", "score": 10}),
)  # fmt: skip
PUBLIC = tuple(public_topic(channel) for channel in ("website", "email", "chat", "survey"))


@cache
def setup(partitions: int, slots: int) -> Setup:
    """Limits are low, so that few events reach them."""
    channels = discover()
    strict = IdentityRules()
    types = tuple(replace(rule, limit=2) if rule.name in ("email", "anonymous_id") else rule for rule in strict.types)
    rules = DecodeRules(
        node_key=NODE_KEY, partitions=partitions, earliest_event=NOW - 3650 * DAY, max_record_bytes=4096,
        caps={"till": 4, "site": 1}, trusted=frozenset({"till"}), region="DE",
    )  # fmt: skip
    identity = replace(strict, types=types, quarantine_at=6)
    timeouts = {channel.name: channel.session_timeout_ms for channel in channels}
    journeys = default(timeouts).journeys
    return Setup(
        Decoder(channels, rules, journeys.looks),
        identity,
        journeys,
        partial(parse, timeouts=timeouts),
        PUBLIC,
        partitions,
        slots,
    )


def shape(seed: int) -> tuple[int, int]:
    """How many partitions and workers a schedule has."""
    return (2, 2, 3)[seed % 3], (2, 1, 2, 3)[seed % 4]


def workload(
    seed: int, size: int | None = None, features: Sequence[str] = FEATURES, partitions: int = 2
) -> list[Message]:
    rng = Random(seed * 7919 + 1)
    events = [message for n in range(size or rng.randint(3, 18)) for message in _event(rng, n, features, partitions)]
    cuts = _cuts(rng) if "cuts" in features else []
    return events + cuts + (_rulings(rng) if "rules" in features else [])


def _event(rng: Random, n: int, features: Sequence[str], partitions: int) -> Iterator[Message]:
    if "malformed" in features and rng.random() < 0.06:
        yield _malformed(rng, n, partitions)
        return
    event = _happening(rng, n, "late" in features)
    stray = "strays" in features and rng.random() < 0.1
    yield _message(event, rng.randrange(partitions) if stray else None, partitions)
    if "copies" in features and rng.random() < 0.15:
        yield _message(_copy(rng, event), None, partitions)


def _happening(rng: Random, n: int, late: bool) -> dict[str, Any]:
    channel, name, properties = rng.choice(HAPPENINGS)
    event = {
        "event_id": f"e{n}",
        "event": name,
        "channel": channel,
        "identifiers": _identifiers(rng),
        "properties": properties,
    }
    if rng.random() < 0.6:
        at = NOW - 12 * DAY + rng.choice((rng.randint(0, 40) * MINUTE, rng.randint(0, 12 * DAY)))
        delay = rng.choice((0, 0, 0, MINUTE, 30 * HOUR, 72 * HOUR, 73 * HOUR, 90 * HOUR)) if late else 0
        more = {"source": "till", "received_at": iso(at + delay), "assurance": rng.choice((1, 3, 4))}
    else:  # from a client whose clock is corrected by the broker's
        at = NOW - rng.randint(0, 5 * DAY)
        more = {"source": "site", "sent_at": iso(at + rng.choice((0, 0, MINUTE, 3 * HOUR)))}
    return event | {"original_timestamp": iso(at)} | more


def _identifiers(rng: Random) -> dict[str, str]:
    types = [
        type for type, chance in zip(ALPHABET, (0.3, 0.12, 0.4, 0.1, 0.12, 0.7), strict=True) if rng.random() < chance
    ]
    return {type: rng.choice(ALPHABET[type]) for type in types or ["email"]}


def _copy(rng: Random, event: dict[str, Any]) -> dict[str, Any]:
    """The same event sent again, perhaps with other identifiers, received at another time, or without its own clock."""
    copy = dict(event)
    if rng.random() < 0.5:
        copy["identifiers"] = _identifiers(rng)
    if "sent_at" in copy and rng.random() < 0.5:
        del copy["sent_at"]
    if "received_at" in copy:
        copy["received_at"] = iso(to_ms(moment_of(copy["received_at"])) + rng.choice((-MINUTE, 0, HOUR)))
    return copy


def _message(event: dict[str, Any], partition: int | None, partitions: int) -> Message:
    type, value = ranked(event["identifiers"], "DE")[0]
    key = key_of(type, value)
    to = home_of(key) % partitions if partition is None else partition
    return Message(public_topic(event["channel"]), to, key.encode(), json.dumps(event).encode())


def _malformed(rng: Random, n: int, partitions: int) -> Message:
    event = _happening(rng, n, False)
    spoiled: dict[str, Any] = rng.choice((
        {"identifiers": {}}, {"identifiers": {"email": "null"}}, {"original_timestamp": "1970-01-01T00:00:00Z"},
        {"original_timestamp": "2100-01-01T00:00:00Z"}, {"channel": "fax"}, {"event_id": ""}, {"properties": 7},
    ))  # fmt: skip
    value: bytes | None = json.dumps(event | spoiled).encode()
    value = rng.choice((value, value, value, b"{", b"\xff", b"", None, b"[" * 100, b'"' + b"x" * 5000 + b'"'))
    return Message(rng.choice(PUBLIC), rng.randrange(partitions), None, value)  # type: ignore[arg-type] # a tombstone


def member(type: str, value: str) -> Member:
    return Member(node_of(type, value, NODE_KEY), type, home_of(key_of(type, value)))


def _cuts(rng: Random) -> list[Message]:
    """An operator forbids a pair, and now and then takes that back."""
    pairs = [member(type, value) for type, values in ALPHABET.items() for value in values]
    found: list[Claim] = []
    while rng.random() < 0.35:
        a, b = rng.sample(pairs, 2)
        id = bytes([len(found)] * 16)
        found.append(Claim("cut", a, b, 0, 0, "operator", id, "said so"))
        if rng.random() < 0.25:
            found.append(Claim("uncut", a, b, 0, 0, "operator", id, "said so by mistake"))
    return [Message(CLAIMS, 0, None, encode(claim)) for claim in found]


SAID_IN_RULES = (
    "[identity]\nquarantine_at = 4", "[identity]\ntrusted_level = 1", "[identity.types.email]\nlimit = 1",
    '[identity.types]\nanonymous_id = { class = "transaction" }',
    "[identity.types]\ndevice_id = { rank = 2 }\nloyalty_id = { rank = 7 }",
    '[journeys]\nlate_after = "80 h"', '[journeys]\nsession_at_most = "10 min"\nlate_after = "1 h"', "no = rules", "",
    '[journeys.types.purchase]\ngoals = [{ event = "Product Added", where = { product_id = "p" } }]',
    '[journeys.stages]\nadvocacy = [{ event = "Survey Answered", where = { score = { at_least = 9 } } }]',
)  # fmt: skip


def _rulings(rng: Random) -> list[Message]:
    """An operator changes the rules, and now and then to some that are refused: older ones, or unreadable ones."""
    found: list[Claim] = []
    while rng.random() < 0.35:
        text = f"version = {rng.choice((1, 2, 3, 4))}\n{rng.choice(SAID_IN_RULES)}\n"
        found.append(Claim("rules", NOBODY, NOBODY, 0, 0, "operator", bytes([64 + len(found)] * 16), text))
    return [Message(CLAIMS, 0, None, encode(claim)) for claim in found]
