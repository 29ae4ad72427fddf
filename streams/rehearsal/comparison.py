"""The recorded claims under two sets of rules: who is merged, who is split, which identifiers are let in or out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from schemas.ids import NONE, Id
from schemas.links import Recorded
from streams.identity.comparison import comparison
from streams.identity.outcome import Clerk, Outcome
from streams.identity.rules import IdentityRules

Nodes = dict[Id, tuple[Id, ...]]  # customer -> its identifiers, sorted
TURNS = ("quarantine", "unquarantine", "share", "unshare")


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

    @property
    def moved(self) -> list[Id]:
        """Identifiers whose customer has another id."""
        new = _owners(self.after)
        return [node for node, customer in _owners(self.before).items() if new[node] != customer]


@dataclass(frozen=True)
class Comparison:
    """`turned`: identifiers by what becomes of them: quarantine, unquarantine, share, unshare."""

    parts: tuple[Part, ...] = ()
    turned: Mapping[str, tuple[Id, ...]] = field(default_factory=dict)

    @property
    def merged(self) -> list[tuple[Id, tuple[Id, ...]]]:
        return [each for part in self.parts for each in part.merged]

    @property
    def split(self) -> list[tuple[Id, tuple[Id, ...]]]:
        return [each for part in self.parts for each in part.split]

    @property
    def moved(self) -> list[Id]:
        return sorted(node for part in self.parts for node in part.moved)

    def largest(self, present: Iterable[tuple[Id, int]], most: int) -> list[tuple[Id, int]]:
        """(customer, identifiers) of the largest under the other rules, with two identifiers at least. `present`: those of
        now, at least `most` of them that do not differ."""
        gone = {customer for part in self.parts for customer in part.before}
        sizes = {customer: size for customer, size in present if customer not in gone}
        sizes |= {customer: len(nodes) for part in self.parts for customer, nodes in part.after.items()}
        several = ((customer, size) for customer, size in sizes.items() if size > 1)
        return sorted(several, key=lambda each: (-each[1], each[0]))[:most]


def compare(recorded: Recorded, before: IdentityRules, after: IdentityRules) -> Comparison:
    """Time of two resolutions; memory of the recorded links and of what differs."""
    parts: list[Part] = []
    turned: dict[str, list[Id]] = defaultdict(list)
    for portion in comparison(recorded, before, after, Clerk(0, after, NONE)):
        parts += _parts(portion.outcome)
        for decision in portion.outcome.decisions:
            if decision.kind in TURNS:
                turned[decision.kind].append(decision.a)
    return Comparison(tuple(parts), {kind: tuple(sorted(nodes)) for kind, nodes in turned.items()})


def _parts(outcome: Outcome) -> Iterable[Part]:
    new = {member.node: change.customer for change in outcome.changes for member in change.members}
    former = {node: customer for customer, nodes in outcome.left.items() for node in nodes}
    old = {node: former.get(node, customer) for node, customer in new.items()}
    for nodes in _differing(old, new):
        yield Part(_grouped(nodes, old), _grouped(nodes, new))


def _grouped(nodes: Iterable[Id], owners: Mapping[Id, Id]) -> Nodes:
    found: dict[Id, list[Id]] = defaultdict(list)
    for node in nodes:
        found[owners[node]].append(node)
    return {customer: tuple(found[customer]) for customer in sorted(found)}


def _differing(old: Mapping[Id, Id], new: Mapping[Id, Id]) -> list[list[Id]]:
    """Identifiers of all customers that differ, a list for each part. Customers of one id before and after share the
    identifier with that id, so an id stands for both."""
    roots: dict[Id, Id] = {}
    for node, customer in old.items():
        if customer != new[node]:
            roots[_root(roots, customer)] = _root(roots, new[node])
    found: dict[Id, list[Id]] = defaultdict(list)
    for node, customer in old.items():
        if customer in roots:
            found[_root(roots, customer)].append(node)
    return sorted(map(sorted, found.values()))


def _root(roots: dict[Id, Id], id: Id) -> Id:
    """The id that stands for all that are joined with this one; shortens the way to it."""
    above = roots.setdefault(id, id)
    while above != roots[above]:
        roots[id] = above = roots[above]
    return above


def _owners(customers: Nodes) -> dict[Id, Id]:
    return {node: customer for customer, nodes in customers.items() for node in nodes}


def _several(these: Nodes, others: Nodes) -> list[tuple[Id, tuple[Id, ...]]]:
    owner = _owners(others)
    found = ((customer, tuple(sorted({owner[node] for node in nodes}))) for customer, nodes in these.items())
    return [(customer, sources) for customer, sources in found if len(sources) > 1]
