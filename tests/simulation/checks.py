"""Compares the tables at rest with the truth. Each check says what is wrong, or None."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from schemas.fact import Key
from schemas.tables import (
    CUSTOMERS,
    DEAD_LETTERS,
    FACT,
    FACT_KEY,
    FACTS,
    FRICTION,
    OFFSETS,
    STITCHED,
    TOUCHPOINTS,
    Table,
)
from tests.simulation.oracle import IGNORED, Truth
from tests.simulation.world import World

Check = Callable[[World, Truth], str | None]


def problem(world: World, truth: Truth) -> str | None:
    """The first thing that is wrong, beginning with a word for its kind."""
    return next((found for check in CHECKS if (found := check(world, truth))), None)


def _by_key(world: World, table: Table) -> dict[Key, dict[str, Any]]:
    return {tuple(row[name] for name in FACT_KEY): row for row in world.server.store.rows(table)}


def facts(world: World, truth: Truth) -> str | None:
    want = {key: dict(zip(FACT, fact[: len(FACT)], strict=True)) for key, fact in truth.facts.items()}
    have, wide = _by_key(world, FACTS), _by_key(world, TOUCHPOINTS)
    if have != want:
        return f"facts: {_difference(want, have)}"
    versions = {key: row["version"] for key, row in wide.items()}
    expected = {key: fact.version for key, fact in truth.facts.items()}
    return None if versions == expected else f"touchpoints: {_difference(expected, versions)}"


def identity(world: World, truth: Truth) -> str | None:
    nodes = sorted({key[0] for key in truth.facts} | truth.resolution.customer_of.keys())
    found = world.server.store.customers_of(nodes)
    for node in nodes:
        change = found.get(node)
        if (change.customer if change else node) != truth.customer_of(node):
            return f"identity: {node.hex()[:6]} is not with its customer"
        if change and tuple(sorted(change.members)) != tuple(sorted(truth.resolution.members[change.customer])):
            return f"identity: the members of {change.customer.hex()[:6]} are wrong"
    members = [node for row in world.server.store.rows(CUSTOMERS) for node in row["members"]]
    return "identity: a node has two customers" if len(members) > len(set(members)) else None


def stitched(world: World, truth: Truth) -> str | None:
    want = truth.stitched()
    have = {key: {n: v for n, v in row.items() if n not in IGNORED} for key, row in _by_key(world, STITCHED).items()}
    return None if want == have else f"stitched: {_difference(want, have)}"


def swept(world: World, truth: Truth) -> str | None:
    """The rules that hold have made every row."""
    versions = {row["version"] >> 96 for row in world.server.store.rows(STITCHED)}
    return None if versions <= {truth.rules} else f"swept: rows by rules {sorted(versions)} instead of {truth.rules}"


def friction(world: World, truth: Truth) -> str | None:
    """Every true signal is live and no other; a hint never knows more than the table."""
    rows = world.server.store.rows(FRICTION)
    live = {((row["node"], row["original_timestamp"], row["event_id"]), row["signal"]) for row in rows if row["live"]}
    if lacking := truth.live() - live:
        return f"friction: never announced: {sorted(lacking)[0][1]}"
    if extra := live - truth.live():
        return f"friction: never withdrawn: {sorted(extra)[0][1]}"
    versions = {row["signal_id"].hex(): row["version"] for row in rows}
    if any(int(hint["version"]) > versions.get(hint["signal_id"], -1) for hint in _hints(world)):
        return "friction: a hint is newer than the table"
    return None


def _hints(world: World) -> Iterator[dict[str, Any]]:
    for (topic, _), log in world.kafka.logs.items():
        if topic == world.topics.friction:
            yield from (json.loads(record.value or b"") for record in log)


def audit(world: World, truth: Truth) -> str | None:
    """Every offset of every public partition is exactly one of stored, dead, and never seen."""
    rows = world.server.store.rows(OFFSETS)
    outcomes = {(row["topic"], row["partition"], row["offset"]): row["outcome"] for row in rows}
    want = dict.fromkeys(truth.stored, "stored") | dict.fromkeys(truth.dead, "dead") | dict.fromkeys(truth.gaps, "gap")
    if outcomes != want or len(rows) != len(outcomes):
        return f"audit: {_difference(want, outcomes)}"
    letters = {
        (row["topic"], row["partition"], row["offset"]): row["reason"] for row in world.server.store.rows(DEAD_LETTERS)
    }
    return None if letters == truth.dead else f"audit: dead letters: {_difference(truth.dead, letters)}"


def _difference(want: dict[Any, Any], have: dict[Any, Any]) -> str:
    for key in sorted(want.keys() | have.keys()):
        if key not in have:
            return f"{_short(key)} is missing"
        if key not in want:
            return f"{_short(key)} should not be there"
        if want[key] != have[key]:
            return f"{_short(key)} differs in {_columns(want[key], have[key])}"
    return ""


def _columns(want: Any, have: Any) -> str:
    if not isinstance(want, dict):
        return f"{have!r} instead of {want!r}"
    return ", ".join(f"{name} {have[name]!r} instead of {want[name]!r}" for name in want if want[name] != have[name])


def _short(key: Any) -> str:
    return " ".join(part.hex()[:6] if isinstance(part, bytes) else str(part) for part in key)


CHECKS: tuple[Check, ...] = (facts, identity, stitched, swept, friction, audit)
