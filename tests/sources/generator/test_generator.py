import json
from collections import Counter, defaultdict
from datetime import datetime
from itertools import islice

import pytest

from schemas.decode import Decoder, DecodeRules
from schemas.identifiers import home_of, key_of, ranked
from schemas.ids import node_of
from schemas.messages import Claim, Member
from sources.channels import discover
from sources.complete_journey import Order
from sources.generator import SOURCES, Item, Options, Shares, generate, live
from sources.generator.scene import DAY, HOUR
from streams.identity.resolve import resolve
from streams.identity.rules import IdentityRules

START = 1_483_228_800_000  # 2017-01-01
END = START + 365 * DAY
HOUSEHOLDS = range(1, 301)
KEY = b"a key that only the tests know, 0123"
PERSON = {"loyalty_id", "email", "phone", "support_id", "social_id"}


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return list(generate(7, HOUSEHOLDS, START, END, Options(orders=orders())))


@pytest.fixture(scope="module")
def good(items: list[Item]) -> list[tuple[Item, dict]]:
    return [(item, json.loads(item.value)) for item in items if item.kind != "malformed"]


def orders() -> list[Order]:
    return [
        Order(h, f"O{h}-{week}", START + week * 7 * DAY + h * HOUR, "367") for week in range(50) for h in HOUSEHOLDS
    ]


def claims(event: dict) -> list[Claim]:
    """The star that intake makes of an event, with no cap on what it says of its assurance."""
    first, *rest = (
        Member(node_of(type, value, KEY), type, home_of(key_of(type, value)))
        for type, value in ranked(event["identifiers"])
        if type not in ("order_id", "ticket_id", "call_id", "chat_id")
    )
    at = ms(event["original_timestamp"])
    return [Claim("link", first, b, at, event["assurance"], event["source"], bytes(16)) for b in rest]


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def share(items: list[Item], kind: str) -> float:
    return sum(item.kind == kind for item in items) / len(items)


def test_the_same_seed_gives_the_same_bytes(items: list[Item]) -> None:
    assert list(generate(7, HOUSEHOLDS, START, END, Options(orders=orders()))) == items


def test_another_seed_gives_other_events(items: list[Item]) -> None:
    assert next(generate(8, HOUSEHOLDS, START, END)) not in items


def test_items_come_in_the_order_in_which_they_are_received(items: list[Item]) -> None:
    times = [item.at for item in items]
    assert times == sorted(times)


def test_received_at_is_the_moment_of_the_item(good: list[tuple[Item, dict]]) -> None:
    assert all(ms(event["received_at"]) == item.at for item, event in good)


def test_every_event_says_that_it_is_generated(good: list[tuple[Item, dict]]) -> None:
    assert all(event["source"] in SOURCES and event["context"]["generated"] is True for _, event in good)


def test_no_generated_event_carries_money(good: list[tuple[Item, dict]]) -> None:
    assert not any({"revenue", "total", "value", "price"} & set(event["properties"]) for _, event in good)
    assert not any(event["event"] == "Order Completed" for _, event in good)


def test_four_in_ten_events_name_a_person(good: list[tuple[Item, dict]]) -> None:
    named = sum(bool(PERSON & set(event["identifiers"])) for _, event in good)
    assert 0.35 < named / len(good) < 0.45


def test_shares_of_late_double_and_damaged_items(items: list[Item]) -> None:
    assert share(items, "late") == pytest.approx(0.02, rel=0.2)
    assert share(items, "duplicate") == pytest.approx(0.01, rel=0.2)
    assert share(items, "malformed") == pytest.approx(0.001, rel=0.5)


def test_late_items_are_at_most_a_day_late(good: list[tuple[Item, dict]]) -> None:
    delays = [item.at - happened(event) for item, event in good if item.kind == "late"]
    assert min(delays) > 4 * 60_000 and max(delays) < DAY


def happened(event: dict) -> int:
    """By a right clock: what is wrong with the sender's shows in `sent_at`."""
    if "sent_at" in event:
        return ms(event["received_at"]) - (ms(event["sent_at"]) - ms(event["original_timestamp"]))
    return ms(event["original_timestamp"])


def test_a_duplicate_repeats_an_earlier_event(good: list[tuple[Item, dict]]) -> None:
    seen: dict[str, dict] = {}
    for item, event in good:
        again = seen.get(event["event_id"])
        assert (item.kind == "duplicate") == (again is not None)
        if again is not None:
            assert {k: v for k, v in again.items() if k not in ("received_at", "sent_at")}.items() <= event.items()
        seen.setdefault(event["event_id"], event)


def test_identity_finds_exactly_the_true_customers(good: list[tuple[Item, dict]]) -> None:
    people: dict[bytes, str] = {}
    for item, event in good:
        for type, value in ranked(event["identifiers"]):
            assert people.setdefault(node_of(type, value, KEY), item.person) == item.person
    nodes = [node for _, event in good for node in [named(event)]]
    found = resolve([claim for _, event in good for claim in claims(event)], IdentityRules())
    customers: dict[str, set[bytes]] = defaultdict(set)
    for (item, _), node in zip(good, nodes, strict=True):
        customers[item.person].add(found.customer_of.get(node, node))
    assert {person for person, some in customers.items() if len(some) > 1} == set()
    assert len({customer for some in customers.values() for customer in some}) == len(customers)
    assert not found.quarantined and not found.shared


def named(event: dict) -> bytes:
    return node_of(*ranked(event["identifiers"])[0], KEY)


def test_most_customers_need_stitching(good: list[tuple[Item, dict]]) -> None:
    nodes: dict[str, set[bytes]] = defaultdict(set)
    for item, event in good:
        nodes[item.person].add(named(event))
    known = [some for person, some in nodes.items() if person.startswith("household")]
    assert sum(len(some) >= 3 for some in known) > 0.9 * len(known)


def test_what_ops_looks_for_is_there(good: list[tuple[Item, dict]]) -> None:
    events = Counter(event["event"] for _, event in good)
    assert events["Support Email Received"] > events["Support Email Replied"] > 0
    assert events["Call Abandoned"] > 0 and events["Error Occurred"] > 0
    scores = [event["properties"] for _, event in good if event["event"] == "Survey Answered"]
    assert any(answer["metric"] == "nps" and answer["score"] <= 6 for answer in scores)


def test_good_items_become_facts_and_damaged_ones_dead_letters(items: list[Item]) -> None:
    decoder = Decoder(discover(), DecodeRules(KEY, 8, caps=dict(SOURCES), trusted=frozenset(SOURCES)))
    topics: dict[str, list[Item]] = defaultdict(list)
    for item in items + list(generate(7, HOUSEHOLDS, START, END, Options(shares=Shares(malformed=0.2)))):
        topics[item.topic].append(item)
    for topic, some in topics.items():
        offsets, keys, values = list(range(len(some))), [item.key for item in some], [item.value for item in some]
        decoded = decoder.decode(topic, 0, values, offsets, [item.at for item in some], keys)
        assert [letter.offset for letter in decoded.dead] == [i for i in offsets if some[i].kind == "malformed"]
        times = {offset: fact.received_at for offset, fact in zip(decoded.offsets, decoded.facts, strict=True)}
        assert all(times[i] == some[i].at for i in times)


def test_live_traffic_keeps_its_rate() -> None:
    some = list(islice(live(1, HOUSEHOLDS, START, rate=50), 20_000))
    seconds = (some[-1].at - some[5_000].at) / 1000
    assert 15_000 / seconds == pytest.approx(50, rel=0.25)


def test_a_short_period_has_all_it_needs_too() -> None:
    items = list(generate(3, range(1, 40), START, START + 30 * DAY))
    assert {item.topic for item in items} >= {"touchpoints.website", "touchpoints.email"}
    assert all(START <= item.at < START + 40 * DAY for item in items)
