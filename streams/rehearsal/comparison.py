"""Two groupings of the same identifiers, compared: who is merged, who is split, and which identifiers are let in or out."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from schemas.ids import Id
from streams.rehearsal.grouping import Grouping

Nodes = dict[Id, tuple[Id, ...]]  # customer -> its identifiers, sorted


@dataclass(frozen=True)
class Part:
    """Customers that differ, with all that they share identifiers with: the same identifiers before and after."""

    before: Nodes
    after: Nodes

    @property
    def nodes(self) -> list[Id]:
        return sorted(node for nodes in self.before.values() for node in nodes)

    @cached_property
    def merged(self) -> list[tuple[Id, tuple[Id, ...]]]:
        """(customer, the former customers that give it their identifiers), of those that have several."""
        return _several(self.after, self.before)

    @cached_property
    def split(self) -> list[tuple[Id, tuple[Id, ...]]]:
        """(former customer, the customers that its identifiers go to), of those that have several."""
        return _several(self.before, self.after)

    @property
    def renamed(self) -> bool:
        """The same identifiers under another customer_id, because another of them is the strongest."""
        return not self.merged and not self.split


@dataclass(frozen=True)
class Comparison:
    """`customers`: (before, after) of the claimed identifiers, those with a single one included."""

    before: Grouping
    after: Grouping
    parts: tuple[Part, ...]

    @property
    def customers(self) -> tuple[int, int]:
        return len(self.before.sizes), len(self.after.sizes)

    @property
    def merged(self) -> list[tuple[Id, tuple[Id, ...]]]:
        return [each for part in self.parts for each in part.merged]

    @property
    def split(self) -> list[tuple[Id, tuple[Id, ...]]]:
        return [each for part in self.parts for each in part.split]

    @property
    def moved(self) -> list[Id]:
        """Identifiers whose customer has another id, sorted."""
        nodes = (node for part in self.parts for node in part.nodes)
        return sorted(node for node in nodes if self.before.of(node) != self.after.of(node))


def compare(before: Grouping, after: Grouping) -> Comparison:
    """Time and memory of what differs, besides one look at each identifier."""
    parts = tuple(_part(nodes, before, after) for nodes in _differing(before, after))
    return Comparison(before, after, parts)


def _part(nodes: Iterable[Id], before: Grouping, after: Grouping) -> Part:
    nodes = sorted(nodes)
    return Part(_grouped(nodes, before), _grouped(nodes, after))


def _grouped(nodes: Iterable[Id], grouping: Grouping) -> Nodes:
    found: dict[Id, list[Id]] = defaultdict(list)
    for node in nodes:
        found[grouping.of(node)].append(node)
    return {customer: tuple(found[customer]) for customer in sorted(found)}


def _differing(before: Grouping, after: Grouping) -> list[list[Id]]:
    """Identifiers of all customers that differ, a list for each part. Customers of one id before and after share the
    identifier with that id, so an id stands for both."""
    everyone = before.customer_of.keys() | after.customer_of.keys()
    roots: dict[Id, Id] = {}
    for node in everyone:
        old, new = before.of(node), after.of(node)
        if old != new:
            roots[_root(roots, old)] = _root(roots, new)
    found: dict[Id, list[Id]] = defaultdict(list)
    for node in everyone if roots else ():
        old = before.of(node)
        if old in roots:
            found[_root(roots, old)].append(node)
    return sorted(map(sorted, found.values()))


def _root(roots: dict[Id, Id], id: Id) -> Id:
    """The id that stands for all that are joined with this one; shortens the way to it."""
    above = roots.setdefault(id, id)
    while above != roots[above]:
        roots[id] = above = roots[above]
    return above


def _several(these: Nodes, others: Nodes) -> list[tuple[Id, tuple[Id, ...]]]:
    owner = {node: customer for customer, nodes in others.items() for node in nodes}
    found = ((customer, tuple(sorted({owner[node] for node in nodes}))) for customer, nodes in these.items())
    return [(customer, sources) for customer, sources in found if len(sources) > 1]
