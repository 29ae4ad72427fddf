"""What the tables must hold: every record decoded, identity resolved and journeys folded from the whole history at once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schemas.decode import claims_of
from schemas.fact import Fact, Key, Row
from schemas.ids import Id
from schemas.messages import Claim, decode
from schemas.tables import STITCHED
from streams.fold.fold import fold
from streams.fold.rules import JourneyRules
from streams.identity.resolve import Resolution, resolve
from streams.identity.rules import IdentityRules
from streams.steps.rows import row_hash, stitched_row
from tests.simulation.kafka import MARKER
from tests.simulation.lanes import records_of
from tests.simulation.sight import Sight
from tests.simulation.world import World
from throughline.errors import ConfigurationError

Origin = tuple[str, int, int]
IGNORED = ("version", "inbox_partition", "epoch")


@dataclass(frozen=True)
class Truth:
    facts: dict[Key, Fact]
    rows: dict[Key, tuple[Id, Row]]  # customer and row of each fact
    resolution: Resolution
    dead: dict[Origin, str]  # with the reason
    stored: dict[Origin, Key]
    gaps: set[Origin]
    rules: int  # version of those that hold at the end

    def customer_of(self, node: Id) -> Id:
        return self.resolution.customer_of.get(node, node)

    def stitched(self) -> dict[Key, dict[str, Any]]:
        """As the table has them, without what tells who wrote the row and how often."""
        return {key: _named(customer, self.facts[key], row) for key, (customer, row) in self.rows.items()}

    def live(self) -> set[tuple[Key, str]]:
        return {(key, signal.name) for key, (_, row) in self.rows.items() for signal in row.signals}


def truth(world: World) -> Truth:
    facts: dict[Key, Fact] = {}
    dead: dict[Origin, str] = {}
    stored: dict[Origin, Key] = {}
    claims = [decode(Claim, r.value or b"") for r in world.kafka.logs[world.topics.claims, 0]]
    identity_rules, journey_rules = _rules(world, claims)
    decoder = Sight(world.setup.decoder, journey_rules.looks)
    claims = [claim for claim in claims if claim.kind not in ("link", "rules")]
    for (topic, partition), log in sorted(world.kafka.logs.items()):
        if topic in world.setup.public and log:
            found = decoder.decode(*records_of((topic, partition), log, len(log))[:6])
            dead |= {(topic, partition, letter.offset): letter.reason for letter in found.dead}
            for offset, fact, ids, level, source in zip(
                found.offsets, found.facts, found.identifiers, found.levels, found.sources, strict=True
            ):
                stored[topic, partition, offset] = fact.key
                facts[fact.key] = max(fact, facts.get(fact.key, fact), key=lambda f: f.version)
                claims += claims_of(fact, ids, level, source)
    public = {(tp, offset): record for tp, log in world.kafka.logs.items() for offset, record in enumerate(log)}
    gaps = {(*tp, offset) for (tp, offset), record in public.items() if record is MARKER}
    resolution = resolve(claims, identity_rules)
    rows = _fold_all(world, journey_rules, facts, resolution)
    return Truth(facts, rows, resolution, dead, stored, gaps, journey_rules.version)


def _rules(world: World, claims: Iterable[Claim]) -> tuple[IdentityRules, JourneyRules]:
    """Of all that can be read the first with the highest version."""
    held = world.setup.identity_rules, world.setup.journey_rules
    for claim in claims:
        if claim.kind == "rules":
            try:
                found = world.setup.read(claim.reason)
            except ConfigurationError:
                continue
            held = (found.identity, found.journeys) if found.version > held[0].version else held
    return held


def _fold_all(
    world: World, rules: JourneyRules, facts: dict[Key, Fact], resolution: Resolution
) -> dict[Key, tuple[Id, Row]]:
    customers: dict[Id, list[Fact]] = defaultdict(list)
    for fact in facts.values():
        customers[resolution.customer_of.get(fact.node, fact.node)].append(fact)
    folds = {customer: fold(some, rules, world.now) for customer, some in customers.items()}
    return {key: (customer, row) for customer, rows in folds.items() for key, row in rows.items()}


def _named(customer: Id, fact: Fact, row: Row) -> dict[str, Any]:
    stamp = 0, row_hash(customer, fact, row)
    named = dict(zip(STITCHED.columns, stitched_row(customer, fact, row, stamp, (0, 0)), strict=True))
    return {name: value for name, value in named.items() if name not in IGNORED}
