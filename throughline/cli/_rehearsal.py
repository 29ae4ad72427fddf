"""A rehearsal of rules on what is recorded: read as `auditor`, who can read and nothing else."""

import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from queries.audit import identifiers_of
from queries.rehearsal import customers_by_chance, largest, totals, touchpoints_of
from schemas.ids import Id, to_uuid
from schemas.store import Store
from sinks.clickhouse.connect import open_store, open_views
from sinks.clickhouse.server import Connections
from sources.channels import discover
from streams.fold.rules import JourneyRules
from streams.identity.rules import IdentityRules
from streams.rehearsal.comparison import Comparison, Part, compare
from streams.rehearsal.rehearsal import AT_ONCE, Change, Measure, Sample, change_of, chosen, rehearsed
from streams.rules import RuleSet, default, parse
from streams.view import alone
from throughline.cli._settling import Tell
from throughline.clock import SystemClock
from throughline.options import Settings

LARGEST = 10
SHOWN = 10  # customers merged, and split, that are named


@dataclass(frozen=True)
class Rehearsal:
    """`claims`: seq of the last one that is decided again. `renamed`: customers with the same identifiers under another
    customer_id. `moved`: touchpoints whose customer_id would be another one. `samples`: what was folded, of how many."""

    present: int
    proposed: int
    claims: int
    identity_differs: bool
    journeys_differ: bool
    comparison: Comparison
    largest: tuple[list[tuple[Id, int]], list[tuple[Id, int]]]
    moved: int
    measures: list[Measure]
    samples: list[Sample]
    names: dict[Id, str]
    seconds: float

    def name(self, node: Id) -> str:
        return self.names.get(node, str(to_uuid(node)))


class Rehearser:
    """`most`: customers that are folded again at most, 0: all."""

    def __init__(self, store: Store, client: Connections, present: RuleSet, proposed: RuleSet, most: int) -> None:
        self._store, self._client, self._most = store, client, most
        self._identity = present.identity, proposed.identity
        self._journeys = present.journeys, proposed.journeys
        self.identity_differs = _differ(*self._identity)
        self.journeys_differ = _differ(*self._journeys)
        self._now = SystemClock().now()

    def compare(self, until: int) -> Comparison:
        if not self.identity_differs:
            return Comparison()
        return compare(self._store.recorded_until(until), *self._identity)

    def changes(self, parts: tuple[Part, ...]) -> list[Change]:
        """Of those whose identity differs, and of all others if the rules of journeys differ."""
        some = chosen(parts, lambda part: min(part.before), self._most)
        found = [self._folded(some, len(parts))]
        if self.journeys_differ:
            picked, population = self._others(parts)
            found.append(self._folded(picked, population))
        return [change for change in found if change.sample.all]

    def _folded(self, parts: Iterable[Part], population: int) -> Change:
        looks = self._journeys[0].looks | self._journeys[1].looks
        return change_of(parts, self._journeys, partial(self._store.facts_of, looks=looks), self._now, population)

    def _others(self, parts: tuple[Part, ...]) -> tuple[Iterable[Part], int]:
        """Customers by chance, without those in `parts`; and how many such customers there are, about."""
        picked, all = customers_by_chance(self._client, self._most)
        differing = {customer for part in parts for customer in part.before}
        others = [customer for customer in picked if customer not in differing]
        return self._unchanged(others), round(all * len(others) / len(picked)) if picked else 0

    def _unchanged(self, customers: list[Id]) -> Iterable[Part]:
        for start in range(0, len(customers), AT_ONCE):
            some = customers[start : start + AT_ONCE]
            found = self._store.customers_of(some)
            for customer in some:
                members = (found.get(customer) or alone(customer)).members
                nodes = {customer: tuple(sorted(member.node for member in members))}
                yield Part(nodes, nodes)


def rules_of(text: str | None) -> RuleSet:
    """Of the text of a rules file; None: the rules that ship."""
    timeouts = {channel.name: channel.session_timeout_ms for channel in discover()}
    return default(timeouts) if text is None else parse(text, timeouts)


def rehearsal(settings: Settings, proposed: RuleSet, most: int, tell: Tell) -> Rehearsal:
    """Raises `Unavailable` or `ConfigurationError`. Memory: the recorded links as arrays (100 bytes each, about), and what
    differs."""
    began = time.monotonic()
    with closing(open_store(settings, "auditor")) as store, closing(open_views(settings, "auditor", 10.0)) as client:
        held, until = store.rules(), store.last_claim()
        present = rules_of(held[2] if held else None)
        rehearser = Rehearser(store, client, present, proposed, most)
        found = rehearser.compare(until)
        tell(f"folding the customers that differ, {len(found.parts):,} groups")
        changes = rehearser.changes(found.parts)
        tell("measuring")
        sizes = largest(client, LARGEST + len({c for part in found.parts for c in part.before}))
        ranked = sizes[:LARGEST], found.largest(sizes, LARGEST)
        return Rehearsal(
            present.version,
            proposed.version,
            until,
            rehearser.identity_differs,
            rehearser.journeys_differ,
            found,
            ranked,
            touchpoints_of(client, found.moved),
            rehearsed(totals(client), changes),
            [change.sample for change in changes],
            _names(client, _named(found, ranked)),
            time.monotonic() - began,
        )


def _differ(one: IdentityRules | JourneyRules, other: IdentityRules | JourneyRules) -> bool:
    return replace(one, version=0) != replace(other, version=0)


def _named(found: Comparison, ranked: Iterable[list[tuple[Id, int]]]) -> set[Id]:
    """Those that are shown."""
    named = {customer for sizes in ranked for customer, _ in sizes}
    for customer, others in (*found.merged[:SHOWN], *found.split[:SHOWN]):
        named |= {customer, *others[:SHOWN]}
    for nodes in found.turned.values():
        named |= {*nodes[:SHOWN]}
    return named


def _names(client: Connections, nodes: Iterable[Id]) -> dict[Id, str]:
    return {node: f"{type}:{value}" for node, type, value in identifiers_of(client, sorted(nodes))}


def plain(found: Rehearsal) -> dict[str, Any]:
    """JSON: customers by id, and by the identifier that gives it."""
    compared = found.comparison
    return {
        "rules": {"present": found.present, "proposed": found.proposed},
        "differ": {"identity": found.identity_differs, "journeys": found.journeys_differ},
        "claims": found.claims,
        "customers": {
            "merged": [_movement(found, "from", *each) for each in compared.merged],
            "split": [_movement(found, "into", *each) for each in compared.split],
            "renamed": sum(part.renamed for part in compared.parts),
        },
        "touchpoints_moved": found.moved,
        "largest": dict(
            zip(("before", "after"), ([_sized(found, *e) for e in some] for some in found.largest), strict=True)
        ),
        "identifiers": {kind: [_customer(found, node) for node in nodes] for kind, nodes in compared.turned.items()},
        "measures": [{**each.__dict__, "change": each.change} for each in found.measures],
        "folded": [sample.__dict__ for sample in found.samples],
        "seconds": round(found.seconds, 3),
    }


def _customer(found: Rehearsal, node: Id) -> dict[str, Any]:
    return {"id": str(to_uuid(node)), "identifier": found.names.get(node)}


def _movement(found: Rehearsal, direction: str, customer: Id, others: tuple[Id, ...]) -> dict[str, Any]:
    return {**_customer(found, customer), direction: [_customer(found, other) for other in others]}


def _sized(found: Rehearsal, customer: Id, size: int) -> dict[str, Any]:
    return {**_customer(found, customer), "identifiers": size}
