"""Merges at their worst, by the real steps under crashes, rebalances and lag: each schedule ends in the tables of the oracle."""

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest

from schemas.identifiers import home_of, key_of, ranked
from schemas.messages import Claim, encode
from schemas.topics import CLAIMS, public_topic
from streams.effects import Message
from tests.simulation.simulate import STANDARD, run
from tests.simulation.workload import NOW, member, shape
from tests.simulation.world import MINUTE
from throughline.clock import iso

HAPPENINGS = (("website", "Page Viewed"), ("email", "Support Email Received"), ("chat", "Live Chat Message Received"))
SCHEDULES = 20  # of each scenario


def seen(n: int, partitions: int, **identifiers: str) -> Message:
    """The n-th event, by a till that may join known customers."""
    channel, event = HAPPENINGS[n % len(HAPPENINGS)]
    at = iso(NOW - 10_000 * MINUTE + n * 7 * MINUTE)
    said = {"event_id": f"e{n}", "event": event, "channel": channel, "source": "till", "assurance": 4}
    times = {"original_timestamp": at, "received_at": at}
    key = key_of(*ranked(identifiers, "DE")[0])
    value = json.dumps({**said, **times, "identifiers": identifiers, "properties": {}})
    return Message(public_topic(channel), home_of(key) % partitions, key.encode(), value.encode())


def operator(kind: str, id: int, a: tuple[str, str], b: tuple[str, str]) -> Message:
    claim = Claim(kind, member(*a), member(*b), 0, 0, "operator", bytes([id]) * 16, "said so")  # type: ignore[arg-type]  # two of its kinds
    return Message(CLAIMS, 0, None, encode(claim))


def visits(first: int, partitions: int, count: int, **identifiers: str) -> list[Message]:
    return [seen(first + n, partitions, **identifiers) for n in range(count)]


def merges_of_merges(partitions: int) -> list[Message]:
    """Pairs become fours, fours become one of eight, and each identifier has events of its own."""
    names = [{"email": "a@x.org"}, {"loyalty_id": "L1"}, {"device_id": "d"}, {"anonymous_id": "ck-a"}]
    names += [{"user_id": "1"}, {"phone": "+4930123456"}, {"email": "b@x.org"}, {"crm_id": "c"}]
    own = [message for n, name in enumerate(names) for message in visits(10 * n, partitions, 2, **name)]
    ways = [(0, 1), (2, 3), (4, 5), (6, 7), (1, 2), (5, 6), (3, 4)]
    return own + [seen(100 + n, partitions, **names[a], **names[b]) for n, (a, b) in enumerate(ways)]


def merge_unmerge_merge(partitions: int) -> list[Message]:
    """Cut by two operators, of whom both take it back; a third cut of another pair stays."""
    a, b, c = ("user_id", "1"), ("email", "a@x.org"), ("anonymous_id", "ck-a")
    both = (
        visits(0, partitions, 3, **dict([a]))
        + visits(10, partitions, 3, **dict([b]))
        + visits(20, partitions, 2, **dict([c]))
    )
    joins = [
        seen(30, partitions, **dict([a, b])),
        seen(31, partitions, **dict([b, c])),
        seen(32, partitions, **dict([a, c])),
    ]
    said = [operator("cut", 1, a, b), operator("cut", 2, b, a), operator("uncut", 1, a, b), operator("uncut", 2, a, b)]
    return [*both, *joins, *said, operator("cut", 3, b, c)]


def long_anonymous_journey(partitions: int) -> list[Message]:
    """Events for the loser come before, while and after it gets a name."""
    anonymous = visits(0, partitions, 60, anonymous_id="ck-a")
    return [*anonymous, seen(70, partitions, anonymous_id="ck-a", user_id="1"), *visits(80, partitions, 3, user_id="1")]


def two_at_one(partitions: int) -> list[Message]:
    """One customer is claimed from two partitions: by its e-mail with an account, and by its phone with a card."""
    middle = visits(0, partitions, 4, email="a@x.org", phone="+4930123456")
    one = [*visits(10, partitions, 3, user_id="1"), seen(20, partitions, user_id="1", email="a@x.org")]
    other = [*visits(30, partitions, 3, loyalty_id="L1"), seen(40, partitions, loyalty_id="L1", phone="+4930123456")]
    return middle + one + other


def storm(partitions: int) -> list[Message]:
    """A chain of customers of one event each: every pair joins two, and the id of the whole changes again and again."""
    kinds = ("crm_id", "support_id", "phone", "loyalty_id", "email", "device_id", "social_id", "anonymous_id")
    names = [(kind, f"+493012345{n}" if kind == "phone" else f"n:{n}@x.org") for n in range(2) for kind in kinds]
    own = [seen(n, partitions, **dict([name])) for n, name in enumerate(names)]
    return own + [
        seen(50 + n, partitions, **dict(pair)) for n, pair in enumerate(pairwise(names)) if len(dict(pair)) > 1
    ]


SCENARIOS = (merges_of_merges, merge_unmerge_merge, long_anonymous_journey, two_at_one, storm)


def schedules() -> Iterator[tuple[int, int]]:
    return ((scenario, seed) for scenario in range(len(SCENARIOS)) for seed in range(SCHEDULES))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.__name__))
def test_it_ends_in_the_tables_of_the_oracle(scenario) -> None:  # type: ignore[no-untyped-def]  # one of the functions above
    for seed in range(SCHEDULES):
        ending = run(seed, STANDARD, scenario(shape(seed)[0]))
        assert ending.problem is None, f"seed {seed}: {ending.problem}"
