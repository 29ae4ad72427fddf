"""What an identity state holds in memory: identifiers, the pairs claimed of them, and the customers they form now."""

from collections.abc import Iterator
from typing import Protocol

from schemas.ids import Id
from schemas.links import Seen
from schemas.messages import Claim, Member
from streams.identity.customer import Customer
from streams.identity.cuts import Cuts
from streams.identity.rules import QUARANTINED, SHARED, IdentityRules, Refusal, skip_of_kind
from streams.identity.words import Words

UNDECIDED = Refusal("undecided")
Position = tuple[int, Id, Id]  # (first_seen, a, b): the order in which pairs are decided


def seen_of(claim: Claim) -> Seen:
    return Seen(claim.first_seen, claim.level, claim.evidence, claim.evidence)


class Group(Customer):
    """A customer with a summary of the pairs that have an end in it: the last of them, and how many such ends belong to
    refused pairs. `refused` < 0: the summary is out of date. `changed`: differs from what it was, during a replay."""

    __slots__ = ("changed", "newest", "refused")

    def __init__(self, member: Member) -> None:
        super().__init__(member)
        self.newest: Pair | None = None
        self.refused = -1
        self.changed = False

    def note_refused(self, pair: "Pair") -> None:
        """One more refused pair has an end in it."""
        if self.refused >= 0:
            self.refused += 1
            if self.newest is None or pair.position > self.newest.position:
                self.newest = pair


class Identifier:
    """`skip`: why all its pairs are refused, whatever the customers (quarantined, shared, transaction); else None."""

    __slots__ = ("customer", "id", "kind", "member", "pairs", "skip")

    def __init__(self, member: Member, kind: str) -> None:
        self.id = member.node
        self.member = member
        self.kind = kind
        self.pairs: list[Pair] = []
        self.skip = skip_of_kind(kind)
        self.customer = Group(member)
        self.customer.refused = 0

    def partners(self, kind: str) -> Iterator["Identifier"]:
        """Identifiers of that kind that are claimed with this one and not in quarantine."""
        for pair in self.pairs:
            other = pair.b if pair.a is self else pair.a
            if other.kind == kind and other.skip is not QUARANTINED:
                yield other


class Pair:
    """Two identifiers seen together, `a.id < b.id`. `refusal` None: accepted. `first`, `strong`: the events that showed it
    first and at its highest level; of several the one with the smallest id."""

    __slots__ = ("a", "b", "first", "first_seen", "level", "refusal", "strong")

    def __init__(self, a: Identifier, b: Identifier, seen: Seen) -> None:
        self.a = a
        self.b = b
        self.first_seen, self.level, self.first, self.strong = seen
        self.refusal: Refusal | None = UNDECIDED

    @property
    def evidence(self) -> tuple[Id, ...]:
        return (self.first,) if self.first == self.strong else (self.first, self.strong)

    def learn(self, seen: Seen) -> None:
        known = Seen(self.first_seen, self.level, self.first, self.strong)
        self.first_seen, self.level, self.first, self.strong = known.joined(seen)

    @property
    def position(self) -> Position:
        return self.first_seen, self.a.id, self.b.id


class AtRest(Protocol):
    """Claims that are not in the graph yet: `streams.identity.archive`."""

    def wake(self, node: Id) -> None: ...
    def wake_all(self) -> None: ...
    def complete(self, identifier: Identifier) -> None: ...


class Graph:
    """All identifiers and pairs, and what operators said: cannot-links, and releases from quarantine."""

    def __init__(self, rules: IdentityRules) -> None:
        self.rules = rules
        self.identifiers: dict[Id, Identifier] = {}
        self.archive: AtRest | None = None
        self.cuts = Cuts()
        self.releases = Words[Id]()

    def identifier(self, member: Member) -> Identifier:
        """Known from now on, if it was not."""
        found = self.find_identifier(member.node)
        return self.add(member) if found is None else found

    def find_identifier(self, node: Id) -> Identifier | None:
        found = self.identifiers.get(node)
        if found is None and self.archive is not None:
            self.archive.wake(node)
            found = self.identifiers.get(node)
        return found

    def complete(self, identifier: Identifier) -> None:
        """All pairs of one that may leave quarantine are here afterwards."""
        if self.archive is not None:
            self.archive.complete(identifier)

    def add(self, member: Member) -> Identifier:
        """The text of the type is the rule's own, so that a million identifiers share a dozen texts."""
        rule = self.rules.of(member.type)
        added = Identifier(Member(member.node, rule.name, member.home), rule.kind)
        self.identifiers[member.node] = added
        return added

    def find(self, a: Identifier, b: Identifier) -> Pair | None:
        """The pair of these two, `a.id < b.id`, if it was claimed."""
        for pair in a.pairs if len(a.pairs) <= len(b.pairs) else b.pairs:
            if pair.a is a and pair.b is b:
                return pair
        return None

    def connect(self, a: Identifier, b: Identifier, seen: Seen) -> Pair:
        """A new pair of two that have none, `a.id < b.id`."""
        pair = Pair(a, b, seen)
        a.pairs.append(pair)
        b.pairs.append(pair)
        return pair

    def members(self, group: Group) -> Iterator[Identifier]:
        for member in group.members:
            yield self.identifiers[member.node]

    def join(self, one: Group, other: Group, at: int) -> Group:
        """The larger takes the smaller's members; the summary of the pairs is left to the caller."""
        large, small = (one, other) if len(one.members) >= len(other.members) else (other, one)
        for identifier in self.members(small):
            identifier.customer = large
        large.absorb(small, at, self.rules)
        return large

    def summarise(self, group: Group) -> None:
        """Brings `newest` and `refused` up to date, reading every pair of every member unless they already are."""
        if group.refused >= 0:
            return
        ends = [pair for identifier in self.members(group) for pair in identifier.pairs]
        group.newest = max(ends, key=lambda pair: pair.position, default=None)
        group.refused = sum(pair.refusal is not None for pair in ends)

    def forget_newest(self, pair: Pair) -> None:
        """The pair has moved to an earlier position, and nothing else changed."""
        for group in (pair.a.customer, pair.b.customer):
            if group.newest is pair:
                group.refused = -1

    def flags(self, group: Group) -> tuple[str, ...]:
        """`quarantined` or `shared`: an identifier that left the graph is a customer of its own."""
        skip = self.identifiers[group.head.node].skip
        return (skip.rule,) if skip is QUARANTINED or skip is SHARED else ()

    def crowded(self, identifier: Identifier) -> bool:
        """Claimed with so many others that it has to leave the graph."""
        return len(identifier.pairs) >= self.rules.quarantine_at and identifier.id not in self.releases
