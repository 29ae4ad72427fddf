"""`IdentityState`: what `resolve` says of the claims so far, kept up to date claim by claim."""

from collections.abc import Iterable
from itertools import chain

from schemas.ids import Id
from schemas.messages import Change, Claim, Member
from streams.identity.cuts import ends_of
from streams.identity.graph import Graph, Group, Identifier, Pair, Position
from streams.identity.judge import Judge
from streams.identity.load import load
from streams.identity.outcome import NOTHING, Clerk, Outcome
from streams.identity.resolve import Resolution
from streams.identity.revision import Revision
from streams.identity.rules import DEVICE, PERSON, QUARANTINED, SHARED, IdentityRules, Refusal, skip_of

EXCLUSIONS = ("cannot_link", "unique")  # such a conflict may make a device a shared one


class IdentityState:
    """After any sequence of claims its answers are those of `resolve` for the same claims.

    `visited`: how many pairs the last claim made a replay look at; 0 if it took the fast path.
    """

    def __init__(self, rules: IdentityRules) -> None:
        self.rules = rules
        self._graph = Graph(rules)
        self._judge = Judge(rules, self._graph.cuts.apart)
        self.visited = 0

    @classmethod
    def of(cls, claims: Iterable[Claim], rules: IdentityRules) -> "IdentityState":
        """The state after these claims, in any order: much faster than applying them one by one."""
        state = cls(rules)
        load(state._graph, state._judge, claims)
        return state

    def apply(self, seq: int, claim: Claim) -> Outcome:
        """Takes one claim; `seq` is its offset + 1. A claim that teaches nothing has an empty outcome."""
        self.visited = 0
        first, second = self._graph.identifier(claim.a), self._graph.identifier(claim.b)
        a, b = (first, second) if first.id < second.id else (second, first)
        if claim.kind == "link":
            return self._link(seq, a, b, claim) if a is not b else NOTHING
        if claim.kind == "cut":
            return self._cut(seq, a, b, claim)
        if claim.kind == "uncut":
            return self._uncut(seq, a, b, claim)
        raise ValueError(f"claim {seq}: kind is {claim.kind!r}; it must be link, cut or uncut")

    def _link(self, seq: int, a: Identifier, b: Identifier, claim: Claim) -> Outcome:
        pair = self._graph.find(a, b)
        if pair is not None:
            return self._relearn(seq, pair, claim)
        newest = self._is_newest(a, b, claim.first_seen)
        pair = self._graph.connect(a, b, claim.first_seen, claim.level)
        crowded = [end for end in (a, b) if end.skip is not QUARANTINED and self._graph.crowded(end)]
        if crowded:
            return self._quarantine(seq, crowded)
        if skip := skip_of(a.skip, b.skip):
            return self._refuse(seq, pair, skip)
        if newest and not (a.customer.refused or b.customer.refused):
            refusal = self._verdict(pair)
            if refusal is None or refusal.rule not in EXCLUSIONS:
                return self._settle(seq, pair, refusal)
        if not newest and (self._slips_in(a, b, pair) or self._slips_in(b, a, pair)):
            return self._slip_in(seq, pair)
        return self._revise(seq, pair, newest)

    def _verdict(self, pair: Pair) -> Refusal | None:
        """On a pair later than all near it: the customers as they are now are those to judge."""
        one, other = pair.a.customer, pair.b.customer
        return None if one is other else self._judge.refusal(one, other, pair.level, pair.first_seen)

    def _settle(self, seq: int, pair: Pair, refusal: Refusal | None) -> Outcome:
        one, other = pair.a.customer, pair.b.customer
        if refusal is not None:
            return self._refuse(seq, pair, refusal)
        if one is not other:
            return self._join(seq, pair)
        pair.refusal, one.newest = None, pair
        return NOTHING

    def _slips_in(self, device: Identifier, other: Identifier, pair: Pair) -> bool:
        """Whether a late pair brings a customer nothing but a new device, for which no later verdict would differ:
        none near is a refusal, the device makes nobody known, and all of its type fit into their limit to this day."""
        group = other.customer
        if device.kind != DEVICE or len(device.pairs) > 1 or device.id in self._graph.cuts.apart or group.refused:
            return False
        return self._judge.admits(group, device.member, other.member, pair.first_seen)

    def _slip_in(self, seq: int, pair: Pair) -> Outcome:
        newest = pair.a.customer.newest or pair.b.customer.newest
        outcome = self._join(seq, pair)
        pair.a.customer.newest = newest
        return outcome

    def _is_newest(self, a: Identifier, b: Identifier, first_seen: int) -> bool:
        position = (first_seen, a.id, b.id)
        for group in (a.customer, b.customer):
            self._graph.summarise(group)
            if group.newest is not None and group.newest.position >= position:
                return False
        return True

    def _may_share(self, pair: Pair) -> bool:
        """Where no pair is refused, a customer is all that pairs connect: only their conflict shares a device."""
        one, other = pair.a.customer, pair.b.customer
        if one.refused or other.refused:
            return True
        return one is not other and self._judge.excludes(chain(one.members, other.members))

    def _revise(self, seq: int, pair: Pair, newest: bool = False, moved: bool = False) -> Outcome:
        revision = Revision(self._graph, self._judge)
        persons = [end for end in (pair.a, pair.b) if end.kind == PERSON and end.skip is not QUARANTINED]
        devices = [end for end in (pair.a, pair.b) if end.kind == DEVICE]
        shared = self._may_share(pair) and revision.share(persons if len(persons) > 1 else (), devices)
        if newest and not shared:
            return self._settle(seq, pair, self._verdict(pair))
        revision.stale.append(pair)
        return self._conclude(seq, revision, pair if moved else None)

    def _relearn(self, seq: int, pair: Pair, claim: Claim) -> Outcome:
        """A known pair, seen earlier or at a higher level than known."""
        moved = claim.first_seen < pair.first_seen
        raised = claim.level > pair.level
        pair.first_seen = min(pair.first_seen, claim.first_seen)
        pair.level = max(pair.level, claim.level)
        if pair.a.skip or pair.b.skip:
            self._graph.forget_newest(pair)
            return NOTHING
        settled = pair.a.customer.refused == 0 == pair.b.customer.refused
        return self._revise(seq, pair, moved=moved) if moved or (raised and not settled) else NOTHING

    def _quarantine(self, seq: int, crowded: list[Identifier]) -> Outcome:
        revision = Revision(self._graph, self._judge)
        revision.quarantine(crowded)
        return self._conclude(seq, revision)

    def _conclude(self, seq: int, revision: Revision, moved: Pair | None = None) -> Outcome:
        revision.run(moved)
        self.visited = revision.visited
        return revision.outcome(Clerk(seq, self.rules))

    def _cut(self, seq: int, a: Identifier, b: Identifier, claim: Claim) -> Outcome:
        held = self._graph.cuts.add(claim.evidence, ends_of(a.id, b.id))
        return self._operate(seq, [(a, b)], claim) if held else NOTHING

    def _uncut(self, seq: int, a: Identifier, b: Identifier, claim: Claim) -> Outcome:
        known = self._graph.identifiers
        freed = self._graph.cuts.withdraw(claim.evidence)
        return self._operate(seq, [(known[one], known[other]) for one, other in freed], claim) if freed else NOTHING

    def _operate(self, seq: int, pairs: list[tuple[Identifier, Identifier]], claim: Claim) -> Outcome:
        """An operator's word may change any verdict in the customers of the two."""
        revision = Revision(self._graph, self._judge)
        ends = set(chain.from_iterable(pairs))
        revision.share(end for end in ends if end.kind == PERSON and end.skip is None)
        for group in {end.customer for end in ends}:
            revision.stale += (pair for member in self._graph.members(group) for pair in member.pairs)
        outcome, clerk = self._conclude(seq, revision), Clerk(seq, self.rules)
        told = tuple(clerk.cut(a, b, claim.kind, claim.reason) for a, b in pairs)
        return outcome._replace(decisions=told + outcome.decisions)

    def _refuse(self, seq: int, pair: Pair, refusal: Refusal) -> Outcome:
        pair.refusal = refusal
        for group in (pair.a.customer, pair.b.customer):
            group.note_refused(pair)
        return Outcome(decisions=(Clerk(seq, self.rules).refuse(pair, refusal),))

    def _join(self, seq: int, pair: Pair) -> Outcome:
        one, other = pair.a.customer, pair.b.customer
        merge = min(len(one), len(other)) > 1
        winner, loser = sorted((one.head, other.head), key=self.rules.strength)
        left = tuple(sorted(member.node for member in (one if one.head is loser else other).members))
        refused = one.refused + other.refused
        joined = self._graph.join(one, other, pair.first_seen)
        pair.refusal, joined.newest, joined.refused = None, pair, refused
        gone = Change(loser.node, loser.home, seq, ())
        grown = Change(winner.node, winner.home, seq, tuple(sorted(joined.members)))
        changes = (gone, grown) if loser.node < winner.node else (grown, gone)
        decision = Clerk(seq, self.rules).join(pair, merge)
        return Outcome(changes, {loser.node: left}, {loser.node: loser.home}, (decision,))

    def customer_of(self, node: Id) -> Id:
        found = self._graph.identifiers.get(node)
        return node if found is None else found.customer.head.node

    def members(self, customer: Id) -> tuple[Member, ...]:
        """Sorted; empty if there is no such customer now."""
        group = self._group(customer)
        return tuple(sorted(group.members)) if group else ()

    def flags(self, customer: Id) -> tuple[str, ...]:
        group = self._group(customer)
        return self._graph.flags(group) if group else ()

    def newest(self, customer: Id) -> Position | None:
        """(first_seen, a, b) of the last pair, accepted or refused, with an end in this customer."""
        group = self._group(customer)
        if group is None:
            return None
        self._graph.summarise(group)
        return group.newest.position if group.newest else None

    def _group(self, customer: Id) -> Group | None:
        found = self._graph.identifiers.get(customer)
        return found.customer if found and found.customer.head is found.member else None

    def resolution(self) -> Resolution:
        """The whole state, as `resolve` says it."""
        identifiers = self._graph.identifiers
        groups = {one.customer.head.node: one.customer for one in identifiers.values()}
        return Resolution(
            {node: one.customer.head.node for node, one in identifiers.items()},
            {customer: tuple(sorted(group.members)) for customer, group in groups.items()},
            {(pair.a.id, pair.b.id): pair.refusal for one in identifiers.values() for pair in one.pairs},
            frozenset(node for node, one in identifiers.items() if one.skip is QUARANTINED),
            frozenset(node for node, one in identifiers.items() if one.skip is SHARED),
            self._graph.cuts.active,
        )
