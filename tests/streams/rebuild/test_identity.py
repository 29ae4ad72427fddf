"""The recorded claims, decided once more, give the rows that the resolver wrote: whatever claims came, in whatever batches."""

import random
from itertools import accumulate, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.messages import Claim
from schemas.tables import CUSTOMERS, IDENTITY_MAP, RULES, Table
from sinks.memory import MemoryStore
from streams.rebuild.identity import Replay
from streams.steps.resolver import Resolver
from tests.streams.identity.alphabet import RULES as IDENTITY
from tests.streams.identity.alphabet import walk
from tests.streams.steps.outside import AT, PARTITIONS, Outside
from tests.streams.steps.test_resolver_machine import read, rules

MOMENTARY = {"newest_first_seen", "newest_a", "newest_b"}  # as of the end of a batch


def live(log: list[tuple[int, Claim]], ends: list[int]) -> MemoryStore:
    """What a resolver has written that took the log in these parts, and crashed after some."""
    outside, resolver = Outside(), Resolver(IDENTITY, PARTITIONS, read=read)
    for first, end in pairwise([0, *ends, len(log)]):
        offsets, claims = [offset for offset, _ in log[first:end]], [claim for _, claim in log[first:end]]
        outside.run(resolver.take(offsets, claims, AT))
        if end % 3 == 0:
            resolver.forget()
    return outside.store


def rows(store: MemoryStore, table: Table) -> list[dict[str, object]]:
    """Of a node that is its own customer again the seq in the map is as of the end of a batch, too."""
    found = [{name: row[name] for name in row if name not in MOMENTARY} for row in store.rows(table)]
    return [row | {"seq": 0} if row.get("node") == row.get("customer", b"") else row for row in found]


def replayed(store: MemoryStore, *stops: int) -> tuple[MemoryStore, Replay]:
    into = MemoryStore()
    replay = Replay(Resolver(IDENTITY, PARTITIONS, read=read), store, into.insert, AT)
    for stop in (*stops, store.last_claim()):
        for _ in replay.until(stop):
            pass
    return into, replay


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_rows_are_those_of_the_resolver(chance: random.Random) -> None:
    claims = [claim for claim in walk(chance, (6, 12, 30)) if claim.a != claim.b or claim.kind != "link"]
    for version in range(4, 4 + chance.randint(0, 2)):
        claims.insert(chance.randint(0, len(claims)), rules(version, chance.randint(0, 3)))
    gaps = accumulate(chance.choice([1, 1, 1, 3]) for _ in claims)  # a log may hold what is no claim
    log = list(zip(gaps, claims, strict=True))
    store = live(log, sorted(chance.sample(range(len(log) + 1), min(3, len(log)))))
    again, replay = replayed(store, chance.randint(0, len(log)))
    for table in (CUSTOMERS, IDENTITY_MAP):
        assert rows(again, table) == rows(store, table)
    assert sorted(replay.rules) == [tuple(row.values()) for row in store.rows(RULES)]


def test_nothing_else_is_written() -> None:
    chance = random.Random(1)
    store = live(list(enumerate(walk(chance, (60,)))), [])
    again, replay = replayed(store)
    assert replay.claims == len(store.recorded_until(100).words) + sum(
        claim.kind == "link" for _, claim in store.claims_until(100)
    )
    assert again.rows("decisions") == again.rows("claims") == []


def test_what_came_since_is_taken_when_it_is_asked_for() -> None:
    log = list(enumerate(walk(random.Random(2), (30,))))
    store = live(log, [])
    half, replay = replayed(live(log[:15], []))
    assert rows(half, CUSTOMERS) == rows(live(log[:15], []), CUSTOMERS)
    replay._store = store
    assert list(replay.until(store.last_claim()))
    assert rows(half, CUSTOMERS) == rows(store, CUSTOMERS)
