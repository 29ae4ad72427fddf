"""The measures of a whole installation under other rules: what is measured now, corrected by the customers that differ.

Nobody else is folded. Where they are too many, a sample of them stands for all; its choice depends on their ids only.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from schemas.fact import Fact
from schemas.ids import Id
from streams.fold.rules import JourneyRules
from streams.rehearsal.comparison import Part
from streams.rehearsal.measures import Counts, counted, measures

T = TypeVar("T")
Load = Callable[[Sequence[Id]], Iterable[Fact]]  # the facts of these nodes
AT_ONCE = 500  # nodes in one load


@dataclass(frozen=True)
class Sample:
    """`folded` of `all` parts."""

    folded: int
    all: int

    @property
    def weight(self) -> float:
        return self.all / self.folded if self.folded else 0.0


@dataclass(frozen=True)
class Measure:
    name: str
    before: float | None
    after: float | None

    @property
    def change(self) -> float | None:
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True)
class Change:
    """What the counts of some parts become, in sum; exact if all of them were folded."""

    counts: Counter[str]
    sample: Sample


def change_of(
    parts: Iterable[Part], rules: tuple[JourneyRules, JourneyRules], load: Load, now: int, population: int = 0
) -> Change:
    """Folds these parts under (present, new) rules, some at a time. `population`: how many there are, if these are only
    some of them."""
    difference: Counter[str] = Counter()
    folded = 0
    for some in _portions(parts):
        facts: dict[Id, list[Fact]] = {}
        for fact in load([node for part in some for node in part.nodes]):
            facts.setdefault(fact.node, []).append(fact)
        folded += len(some)
        for part in some:
            mine = [fact for node in part.nodes for fact in facts.get(node, ())]
            difference.update(counted(part.after, mine, rules[1], now))
            difference.subtract(counted(part.before, mine, rules[0], now))
    return Change(difference, Sample(folded, population or folded))


def _portions(parts: Iterable[Part]) -> Iterable[list[Part]]:
    portion: list[Part] = []
    nodes = 0
    for part in parts:
        portion.append(part)
        nodes += len(part.nodes)
        if nodes >= AT_ONCE:
            yield portion
            portion, nodes = [], 0
    if portion:
        yield portion


def chosen(items: Sequence[T], name: Callable[[T], Id], most: int) -> list[T]:
    """All of them, or `most` by chance: those with the smallest hash of their name. 0: all."""
    if not most or len(items) <= most:
        return list(items)
    return sorted(items, key=lambda item: hashlib.blake2b(name(item), digest_size=8).digest())[:most]


def rehearsed(totals: Counts, changes: Iterable[Change]) -> list[Measure]:
    """Every measure before and after; what is unknown in both is left out."""
    after: dict[str, float] = dict(totals)
    for change in changes:
        for name, difference in change.counts.items():
            after[name] = max(0.0, after.get(name, 0) + change.sample.weight * difference)
    old, new = measures(totals), measures(after)
    names = [name for name in old | new if (old.get(name), new.get(name)) != (None, None)]
    return [Measure(name, old.get(name, _nothing(name)), new.get(name, _nothing(name))) for name in names]


def _nothing(name: str) -> float | None:
    return 0 if name.startswith(("journeys ", "friction ")) else None
