"""A checkpoint and what the tables say of the part of a customer that it stands for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from schemas.fact import Key
from schemas.ids import Id
from schemas.store import Checkpoint, Fingerprint
from streams.fold.checkpoint import Restored
from streams.fold.rules import JourneyRules
from streams.fold.timeline import BEGINNING, Timeline
from streams.fold.window import Window
from streams.steps.customers import MODULO, Customer, Due, Lack


@dataclass
class Past:
    """`stored`, `announced`: stamps of the rows since the cut and of the rows that the checkpoint has kept; `versions`: of
    the facts of the latter, as they were stitched."""

    lack: Lack
    checkpoint: Checkpoint
    begun: Restored
    prints: list[Fingerprint] = field(default_factory=list)
    stored: dict[Key, tuple[int, int]] = field(default_factory=dict)
    announced: dict[Key, dict[str, tuple[int, int]]] = field(default_factory=dict)
    versions: dict[Key, int] = field(default_factory=dict)
    dues: list[Due] = field(default_factory=list)

    @property
    def id(self) -> Id:
        return self.lack.owner.customer

    def examine(self, prints: Iterable[Fingerprint], rows: Iterable[Any], announced: Iterable[Any]) -> None:
        """Takes what is its own of the fingerprints, and of the rows of events those that the checkpoint has kept."""
        nodes, kept = self.lack.nodes, {fact[:3] for fact in self.begun.facts.values()}
        self.prints = [print for print in prints if print.node in nodes and print.cut == self.checkpoint.cut]
        mine = [row for row in rows if row[:3] in kept]
        self.versions = {row[:3]: row[8] for row in mine}
        self.learn([row[:7] for row in mine], [row for row in announced if row[:3] in kept])

    def learn(self, rows: Iterable[Any], announced: Iterable[Any]) -> None:
        """Takes the rows of its own members."""
        nodes = self.lack.nodes
        for node, original, event_id, version, under, due, hash in rows:
            if node in nodes:
                key = node, original, event_id
                self.stored[key] = version, hash if under == self.id else -1
                if due:
                    self.dues.append((due, key, version, under))
        for node, original, event_id, name, version, live in announced:
            if node in nodes:
                self.announced.setdefault((node, original, event_id), {})[name] = version, live

    def agrees(self) -> bool:
        """Whether every fact before the cut has its row, and all these rows but the kept ones are those that the fold wrote
        which made the checkpoint: of this customer, of the same facts, with the same content."""
        prints, facts = self.prints, self.begun.facts.values()
        kept = [self.stored.get(fact[:3], (0, 0))[1] for fact in facts]
        return (
            self.lack.nodes.issuperset(self.checkpoint.members)
            and all(self.versions.get(fact[:3]) == fact.version for fact in facts)
            and all(print.customers in ((), (self.id, self.id)) for print in prints)
            and sum(print.facts for print in prints) == sum(print.rows for print in prints)
            and sum(print.fact_versions - print.row_versions for print in prints) % MODULO == 0
            and sum(print.folded for print in prints) == self.checkpoint.folded
            and (sum(print.hashes for print in prints) - sum(kept) - self.checkpoint.hashes) % MODULO == 0
        )

    def customer(self, rules: JourneyRules, window: Window) -> Customer:
        """As it was at the cut; the facts since then are to be added."""
        dropped = sum(print.rows for print in self.prints)
        horizon = max((print.horizon for print in self.prints), default=BEGINNING)
        timeline = Timeline.restored(rules, self.begun, self.checkpoint.cut, dropped, horizon, window.every)
        customer = Customer(self.lack.owner, timeline)
        customer.stored, customer.announced = self.stored, self.announced
        customer.hashes, customer.checkpoint = self.checkpoint.hashes, self.checkpoint
        customer.believe(self.dues, rules.version)
        return customer
