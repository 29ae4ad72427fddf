"""Whole customers folded once more: the rows that must stand in `stitched` and `friction`, whatever stands there now.

A row that says what the stored one says keeps its version, so that the histories in the versions stay and every cache that
knows the row goes on knowing it. Any other has the version of a fold of all facts, as if nothing had been stored.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.fact import Fact, Key, Row, Signal
from schemas.ids import Id
from schemas.messages import Change
from streams.fold.fold import fold
from streams.fold.rules import JourneyRules
from streams.steps.rows import REVISIONS, friction_row, next_toggle, row_hash, stitched_row
from streams.view import UNKNOWN_HOME

Stamp = tuple[int, Id, int]  # version, customer and hash of a stitched row
Values = tuple[Any, ...]


@dataclass
class Stored:
    """What the tables say of some nodes, as the store gives it: `rows` as `stitched_versions_of`, `signals` as `friction_of`."""

    facts: Mapping[Id, list[Fact]]
    stamps: dict[Key, Stamp] = field(default_factory=dict)
    announced: dict[Key, dict[str, tuple[int, int]]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def of(cls, facts: Iterable[Fact], rows: Iterable[Values], signals: Iterable[Values]) -> "Stored":
        of_node: dict[Id, list[Fact]] = defaultdict(list)
        for fact in facts:
            of_node[fact.node].append(fact)
        found = cls(of_node)
        for node, original, event_id, version, customer, _, hash in rows:
            found.stamps[node, original, event_id] = version, customer, hash
        for node, original, event_id, name, version, live in signals:
            found.announced[node, original, event_id][name] = version, live
        return found


@dataclass
class Made:
    """Rows in the column order of their tables; their epoch is yet to be set."""

    stitched: list[Values] = field(default_factory=list)
    friction: list[Values] = field(default_factory=list)


def fold_again(
    owners: Iterable[Change], homes: Mapping[Id, int], stored: Stored, rules: JourneyRules, moment: tuple[int, int]
) -> Made:
    """`moment`: now (ms) and the number of inbox partitions. `homes`: of customers that were never in a claim."""
    now, partitions = moment
    made = Made()
    for owner in owners:
        facts = [fact for member in owner.members for fact in stored.facts.get(member.node, ())]
        if facts:
            home = homes.get(owner.customer, 0) if owner.home == UNKNOWN_HOME else owner.home
            knowledge = rules.version << 96 | owner.seq << 48 | len(facts) << 16
            _Writer(owner.customer, knowledge, home % partitions, stored).write(facts, fold(facts, rules, now), made)
    return made


@dataclass(frozen=True)
class _Writer:
    customer: Id
    knowledge: int
    partition: int
    stored: Stored

    def write(self, facts: Collection[Fact], rows: Mapping[Key, Row], made: Made) -> None:
        for fact in facts:
            row = rows[fact.key]
            hash = row_hash(self.customer, fact, row)
            stamp = self._version(fact.key, hash), hash
            made.stitched.append(stitched_row(self.customer, fact, row, stamp, (self.partition, 0)))
            announced = self.stored.announced.get(fact.key)
            if row.signals or announced:
                made.friction += self._friction(fact, {signal.name: signal for signal in row.signals}, announced or {})

    def _version(self, key: Key, hash: int) -> int:
        """No version above what this much knowledge could have is kept: it could never be replaced."""
        version, customer, said = self.stored.stamps.get(key, (0, self.customer, -1))
        rules = self.knowledge >> 96
        is_right = (customer, said, version >> 96) == (
            self.customer,
            hash,
            rules,
        ) and version <= self.knowledge | REVISIONS
        return version if is_right else self.knowledge

    def _friction(
        self, fact: Fact, live: Mapping[str, Signal], announced: Mapping[str, tuple[int, int]]
    ) -> list[Values]:
        """Signals that stand, and those that were withdrawn; one that stands in the table alone was never found."""
        rows = []
        for name in sorted({*live, *(name for name, (_, was_live) in announced.items() if not was_live)}):
            version, was_live = announced.get(name, (0, 0))
            known = version if version >> 48 <= self.knowledge >> 48 else 0
            signal = live.get(name) or Signal(name, fact.event_time, fact.location, "disproved by a later event")
            is_right = known > 0 and bool(was_live) == (name in live)
            stamp = known if is_right else next_toggle(self.knowledge, known), int(name in live)
            rows.append(friction_row(self.customer, fact, signal, stamp, (self.partition, 0)))
        return rows
