"""`resolve`: the customers of a whole history of claims, as a function of their set."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from schemas.ids import Id
from schemas.messages import Claim, Member
from streams.identity.customer import Customer
from streams.identity.cuts import Cuts, Ends, ends_of
from streams.identity.judge import Judge
from streams.identity.rules import (
    DEVICE,
    PERSON,
    QUARANTINED,
    SHARED,
    IdentityRules,
    Refusal,
    skip_of,
    skip_of_kind,
)
from streams.identity.spoken import hear
from streams.identity.words import Words


class Link(NamedTuple):
    """A pair of identifiers, by when it was first seen; links sort in the order in which they are decided."""

    first_seen: int
    a: Id
    b: Id
    level: int


@dataclass(frozen=True)
class Resolution:
    """`verdicts`: for every pair None (accepted) or the reason for which it is refused. `cuts`: those that hold."""

    customer_of: dict[Id, Id]
    members: dict[Id, tuple[Member, ...]]
    verdicts: dict[Ends, Refusal | None]
    quarantined: frozenset[Id]
    shared: frozenset[Id]
    cuts: frozenset[tuple[Id, Ends]]

    def flags(self, customer: Id) -> tuple[str, ...]:
        """`quarantined` or `shared`: identifiers that leave the graph are a customer of their own."""
        named = (("quarantined", self.quarantined), ("shared", self.shared))
        return tuple(flag for flag, nodes in named if customer in nodes)


class Evidence:
    """What a set of claims says, joined like a lattice: the earliest time and the highest level of each pair."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self.members: dict[Id, Member] = {}
        self.links: dict[Ends, Link] = {}
        self.cuts = Cuts()
        self.releases = Words[Id]()
        for claim in claims:
            self._add(claim)

    def _add(self, claim: Claim) -> None:
        if claim.kind == "rules":
            return
        self.members |= {member.node: member for member in (claim.a, claim.b)}
        a, b = ends = ends_of(claim.a.node, claim.b.node)
        if claim.kind != "link":
            hear(claim, self.cuts, self.releases)
        elif a != b:
            old = self.links.get(ends, Link(claim.first_seen, a, b, claim.level))
            self.links[ends] = Link(min(old.first_seen, claim.first_seen), a, b, max(old.level, claim.level))

    def partners(self) -> dict[Id, set[Id]]:
        found: dict[Id, set[Id]] = defaultdict(set)
        for a, b in self.links:
            found[a].add(b)
            found[b].add(a)
        return found


def resolve(claims: Iterable[Claim], rules: IdentityRules) -> Resolution:
    """Customers of all identifiers in the claims. Pure; the order, number and split of the claims do not matter.

    Claims of kind `rules` say nothing here: which rules hold is for the caller to know (`streams.identity.ruling`)."""
    evidence = Evidence(claims)
    partners = evidence.partners()
    crowded = {node for node, found in partners.items() if len(found) >= rules.quarantine_at}
    quarantined = frozenset(node for node in crowded if node not in evidence.releases)
    judge = Judge(rules, evidence.cuts.apart)
    shared = _shared_devices(evidence, partners, quarantined, judge)
    skips = {n: skip_of_kind(rules.of(member.type).kind) for n, member in evidence.members.items()}
    skips |= dict.fromkeys(shared, SHARED) | dict.fromkeys(quarantined, QUARANTINED)
    verdicts = {(a, b): skip_of(skips.get(a), skips.get(b)) for a, b in evidence.links}
    links = [link for ends, link in evidence.links.items() if verdicts[ends] is None]
    groups = lone(evidence.members.values())
    verdicts |= settle(links, groups, judge)
    members = {group.head.node: tuple(sorted(group.members)) for group in groups.values()}
    customer_of = {node: group.head.node for node, group in groups.items()}
    return Resolution(customer_of, members, verdicts, quarantined, shared, evidence.cuts.active)


def lone(members: Iterable[Member]) -> dict[Id, Customer]:
    return {member.node: Customer(member) for member in members}


def settle(links: Iterable[Link], groups: dict[Id, Customer], judge: Judge) -> dict[Ends, Refusal | None]:
    """Decides the links in their order and joins `groups` (identifier -> its customer) by the accepted ones."""
    verdicts: dict[Ends, Refusal | None] = {}
    for at, a, b, level in sorted(links):
        one, other = groups[a], groups[b]
        refusal = None if one is other else judge.refusal(one, other, level, at)
        verdicts[a, b] = refusal
        if refusal is None and one is not other:
            small, large = sorted((one, other), key=len)
            large.absorb(small, at, judge.rules)
            groups.update((member.node, large) for member in small.members)
    return verdicts


def _shared_devices(
    evidence: Evidence, partners: dict[Id, set[Id]], quarantined: frozenset[Id], judge: Judge
) -> frozenset[Id]:
    """The first pass: pairs of persons alone. A device is shared if it was seen with persons who exclude each other."""
    kind = {
        node: judge.rules.of(member.type).kind for node, member in evidence.members.items() if node not in quarantined
    }
    groups = lone(member for node, member in evidence.members.items() if kind.get(node) == PERSON)
    links = [link for link in evidence.links.values() if link.a in groups and link.b in groups]
    settle(links, groups, judge)

    def seen_with(device: Id) -> list[Member]:
        around = {id(groups[p]): groups[p] for p in partners[device] if p in groups}
        return [member for group in around.values() for member in group.members]

    devices = [node for node in list(partners) if kind.get(node) == DEVICE]
    return frozenset(device for device in devices if judge.excludes(seen_with(device)))
