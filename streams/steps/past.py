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
from streams.steps.customers import MODULO, Customer, Lack


@dataclass
class Past:
    """`stored`, `announced`: stamps of the rows since the cut and of the rows that the checkpoint has kept."""

    lack: Lack
    checkpoint: Checkpoint
    begun: Restored
    prints: list[Fingerprint] = field(default_factory=list)
    stored: dict[Key, tuple[int, int]] = field(default_factory=dict)
    announced: dict[Key, dict[str, tuple[int, int]]] = field(default_factory=dict)

    @property
    def id(self) -> Id:
        return self.lack.owner.customer

    def learn(self, prints: Iterable[Fingerprint], rows: Iterable[Any], announced: Iterable[Any]) -> None:
        """Takes what is its own of the answers, which are of many customers."""
        nodes = self.lack.nodes
        self.prints = [print for print in prints if print.node in nodes]
        for node, original, event_id, version, under, _, hash in rows:
            if node in nodes:
                self.stored[node, original, event_id] = version, hash if under == self.id else -1
        for node, original, event_id, name, version, live in announced:
            if node in nodes:
                self.announced.setdefault((node, original, event_id), {})[name] = version, live

    def agrees(self) -> bool:
        """Whether every fact before the cut has its row, and all these rows but the kept ones are those that the fold wrote
        which made the checkpoint: of this customer, of the same facts, with the same content."""
        prints, kept = self.prints, [self.stored.get(fact[:3], (0, 0))[1] for fact in self.begun.facts.values()]
        return (
            all(print.customers in ((), (self.id, self.id)) for print in prints)
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
        return customer
