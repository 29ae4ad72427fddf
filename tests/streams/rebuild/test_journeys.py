"""Customers folded once more give the rows that the journeys step wrote, versions included, whatever stands in the tables now."""

import json
import random
from collections.abc import Set
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.fact import Fact
from schemas.messages import Change, Mark, Member
from schemas.tables import FACTS, FRICTION, PROPERTIES, STITCHED, Block, Table
from sinks.memory import MemoryStore
from streams.rebuild.journeys import Made, Stored, fold_again
from streams.rules import default
from streams.steps.blocks import facts_block
from streams.steps.customers import Cache
from streams.steps.journeys import Item, Journeys
from streams.view import View, alone
from tests.streams.fold.histories import RULES, fact, histories
from tests.streams.steps.outside import AT, PARTITIONS, Outside

NODES = tuple(bytes([node] * 16) for node in range(1, 4))
OWNER = Change(NODES[0], 5, 7, tuple(Member(node, "email", 5) for node in NODES))
HOME = 5 % PARTITIONS
FORGED = 1 << 120
WORDS = {
    "epoch",
    "channel",
    "location",
    "at",
    "event_time",
    "detail",
}  # workers leave those of a signal that goes on standing


def lived(facts: list[Fact], chance: random.Random, now: int = AT) -> MemoryStore:
    """What workers wrote who took these facts in some order and batches."""
    outside = Outside()
    outside.become(OWNER)
    step = Journeys(RULES, View(), PARTITIONS, Cache())
    outside.run(step.assign(HOME, now))
    facts = list({(f.key, f.version): f for f in facts}.values())  # one version is one content
    facts = chance.sample(facts, len(facts))
    while facts:
        count = chance.randint(1, 4)
        some, facts = facts[:count], facts[count:]
        outside.store.insert(facts_block(some))
        outside.insert(PROPERTIES, *((*f[:3], f.version, json.dumps(dict(f.named)).encode()) for f in some))
        outside.run(step.take([Item(HOME, Mark(f.node, f, 0, 7, RULES.version)) for f in some], now))
    return outside.store


def again(store: MemoryStore, owner: Change = OWNER, now: int = AT) -> Made:
    nodes = [member.node for member in owner.members]
    stored = Stored.of(store.facts_of(nodes, RULES.looks), store.stitched_versions_of(nodes), store.friction_of(nodes))
    return fold_again([owner], {owner.customer: 5}, stored, RULES, (now, PARTITIONS))


def shown(rows: list[Any], table: Table, but: Set[str] = frozenset({"epoch"})) -> list[dict[str, Any]]:
    """In the order of the key."""
    named = [dict(zip(table.columns, row, strict=True)) if isinstance(row, tuple) else row for row in rows]
    ordered = sorted(named, key=lambda row: [row[name] for name in table.key])
    return [{name: value for name, value in row.items() if name not in but} for row in ordered]


def change(store: MemoryStore, table: Table, **values: Any) -> None:
    """Forges every row."""
    forged = [tuple((row | values | {"version": row["version"] + 1, "epoch": 9}).values()) for row in store.rows(table)]
    store.insert_unfenced(Block.of(table, forged))


@settings(max_examples=150, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_the_rows_are_those_of_the_workers(facts: list[Fact], chance: random.Random) -> None:
    store = lived(facts, chance)
    made = again(store)
    assert shown(made.stitched, STITCHED) == shown(store.rows(STITCHED), STITCHED)
    assert shown(made.friction, FRICTION, WORDS) == shown(store.rows(FRICTION), FRICTION, WORDS)


@settings(max_examples=100, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_forged_rows_are_not_believed(facts: list[Fact], chance: random.Random) -> None:
    store, beside = lived(facts, chance), {"epoch", "version"}
    right = shown(store.rows(STITCHED), STITCHED, beside)
    change(store, STITCHED, row_hash=1, stage="forged", customer_id=NODES[2])
    assert shown(again(store).stitched, STITCHED, beside) == right
    change(store, STITCHED, version=FORGED)
    made = again(store)
    assert shown(made.stitched, STITCHED, beside) == right
    assert all(row[3] < FORGED for row in made.stitched)


def test_a_signal_that_nobody_found_is_left_out_and_one_that_was_hidden_stands_again() -> None:
    low = fact("survey", "Survey Answered", 0, metric="nps", score=1.0)
    store = lived([low], random.Random(0))
    assert [row["live"] for row in store.rows(FRICTION)] == [1]
    change(store, FRICTION, live=0)
    [row] = again(store).friction
    assert dict(zip(FRICTION.columns, row, strict=True))["live"] == 1
    [hidden] = store.rows(FRICTION)
    assert row[4] > hidden["version"]
    store.insert_unfenced(Block.of(FRICTION, [tuple((hidden | {"signal": "invented", "live": 1}).values())]))
    assert [row[3] for row in again(store).friction] == [hidden["signal"]]


def test_a_customer_without_facts_has_no_rows() -> None:
    assert again(MemoryStore()) == Made()


def test_a_customer_that_was_never_claimed_is_at_home_where_its_key_is() -> None:
    store = MemoryStore()
    store.insert(Block.of(FACTS, [fact("website", "Page Viewed", 0)[: len(FACTS.columns)]]))
    [row] = again(store, alone(NODES[0])).stitched
    assert row[-2] == HOME
    assert row[3] == RULES.version << 96 | 1 << 16


def test_rows_that_older_rules_have_made_get_the_version_of_these() -> None:
    store = lived([fact("website", "Page Viewed", 0)], random.Random(0))
    [row] = store.rows(STITCHED)
    change(store, STITCHED, version=row["version"] & (1 << 96) - 1)
    assert again(store).stitched[0][3] >> 96 == RULES.version == default().version
