"""`IdentityState`: what `resolve` says of the claims so far, kept up to date claim by claim."""

from collections.abc import Iterable
from itertools import chain

from schemas.ids import Id
from schemas.links import Links, Seen, links_of
from schemas.messages import Change, Claim, Member
from streams.identity.archive import Archive
from streams.identity.graph import Graph, Group, Identifier, Pair, Position, seen_of
from streams.identity.judge import Judge
from streams.identity.operator import Operator
from streams.identity.outcome import NOTHING, Clerk, Outcome
from streams.identity.resolve import Resolution
from streams.identity.revision import Revision
from streams.identity.rules import CANNOT_LINK, DEVICE, PERSON, QUARANTINED, SHARED, IdentityRules, Refusal, skip_of
from streams.identity.spoken import hear

WORDS = ("cut", "uncut", "release", "unrelease")
EXCLUSIONS = ("cannot_link", "unique")  # such a conflict may make a device a shared one


class IdentityState:
    """After any sequence of claims its answers are those of `resolve` for the same claims.

    `visited`: how many pairs the last claim made a replay look at; 0 if it took the fast path.
    """

    def __init__(self, rules: IdentityRules) -> None:
        self.rules = rules
        self._graph = Graph(rules)
        self._judge = Judge(rules, self._graph.cuts.apart)
        self._operator = Operator(self._graph, self._judge)
        self.visited = 0

    @classmethod
    def of(cls, claims: Iterable[Claim], rules: IdentityRules) -> "IdentityState":
        """The state after these claims, in any order."""
        known = list(claims)
        state = cls.over(links_of(known), known, rules)
        for claim in known:
            if claim.kind == "link" and claim.a == claim.b:
                state._graph.identifier(claim.a)
        return state

    @classmethod
    def over(cls, links: Links, words: Iterable[Claim], rules: IdentityRules) -> "IdentityState":
        """The state after all recorded links, and operators' claims in the order of the log; links among these are passed
        over. At once, whatever their number: a neighbourhood is decided when it is asked for (`streams.identity.archive`)."""
        state = cls(rules)
        graph = state._graph
        spoken = [claim for claim in words if claim.kind in WORDS]
        for claim in spoken:
            hear(claim, graph.cuts, graph.releases)
        graph.archive = Archive(links, graph, state._judge)
        for claim in spoken:
            for member in (claim.a, claim.b):
                if links.number(member.node) < 0:
                    graph.identifier(member)
        return state

    def apply(self, seq: int, claim: Claim) -> Outcome:
        """Takes one claim; `seq` is its offset + 1. A claim that teaches nothing has an empty outcome."""
        self.visited = 0
        if claim.kind == "link":
            return self._link(seq, claim)
        if claim.kind not in WORDS:
            raise ValueError(f"claim {seq}: kind is {claim.kind!r}; it must be link, {', '.join(WORDS)}")
        outcome = self._operator.take(seq, claim)
        self.visited = self._operator.visited
        return outcome

    def _link(self, seq: int, claim: Claim) -> Outcome:
        first, second = self._graph.identifier(claim.a), self._graph.identifier(claim.b)
        if first is second:
            return NOTHING
        a, b = (first, second) if first.id < second.id else (second, first)
        clerk = Clerk(seq, self.rules, claim.evidence)
        pair = self._graph.find(a, b)
        if pair is not None:
            return self._relearn(clerk, pair, seen_of(claim))
        newest = self._is_newest(a, b, claim.first_seen)
        return self._learn(clerk, self._graph.connect(a, b, seen_of(claim)), newest)

    def _learn(self, clerk: Clerk, pair: Pair, newest: bool) -> Outcome:
        """A pair that was not known before."""
        a, b = pair.a, pair.b
        crowded = [end for end in (a, b) if end.skip is not QUARANTINED and self._graph.crowded(end)]
        if crowded:
            return self._quarantine(clerk, crowded)
        if skip := skip_of(a.skip, b.skip):
            return self._refuse(clerk, pair, skip)
        if newest and not (a.customer.refused or b.customer.refused):
            refusal = self._verdict(pair)
            if refusal is None or refusal.rule not in EXCLUSIONS:
                return self._settle(clerk, pair, refusal)
        if not newest and (self._slips_in(a, b, pair) or self._slips_in(b, a, pair)):
            return self._slip_in(clerk, pair)
        return self._revise(clerk, pair, newest)

    def _verdict(self, pair: Pair) -> Refusal | None:
        """On a pair later than all near it: the customers as they are now are those to judge."""
        one, other = pair.a.customer, pair.b.customer
        return None if one is other else self._judge.refusal(one, other, pair.level, pair.first_seen)

    def _settle(self, clerk: Clerk, pair: Pair, refusal: Refusal | None) -> Outcome:
        one, other = pair.a.customer, pair.b.customer
        if refusal is not None:
            return self._refuse(clerk, pair, refusal)
        if one is not other:
            return self._join(clerk, pair)
        pair.refusal, one.newest = None, pair
        return NOTHING

    def _slips_in(self, device: Identifier, other: Identifier, pair: Pair) -> bool:
        """Whether a late pair brings a customer nothing but a new device, for which no later verdict would differ:
        none near is a refusal, the device makes nobody known, and all of its type fit into their limit to this day."""
        group = other.customer
        if device.kind != DEVICE or len(device.pairs) > 1 or device.id in self._graph.cuts.apart or group.refused:
            return False
        return self._judge.admits(group, device.member, other.member, pair.first_seen)

    def _slip_in(self, clerk: Clerk, pair: Pair) -> Outcome:
        newest = pair.a.customer.newest or pair.b.customer.newest
        outcome = self._join(clerk, pair)
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

    def _revise(self, clerk: Clerk, pair: Pair, newest: bool = False, moved: bool = False) -> Outcome:
        revision = Revision(self._graph, self._judge)
        persons = [end for end in (pair.a, pair.b) if end.kind == PERSON and end.skip is not QUARANTINED]
        devices = [end for end in (pair.a, pair.b) if end.kind == DEVICE]
        shared = self._may_share(pair) and revision.share(persons if len(persons) > 1 else (), devices)
        if newest and not shared:
            return self._settle(clerk, pair, self._verdict(pair))
        revision.stale.append(pair)
        return self._conclude(clerk, revision, pair if moved else None)

    def _relearn(self, clerk: Clerk, pair: Pair, seen: Seen) -> Outcome:
        """A known pair, seen earlier or at a higher level than known."""
        moved = seen.first_seen < pair.first_seen
        raised = seen.level > pair.level
        pair.learn(seen)
        if pair.a.skip or pair.b.skip:
            self._graph.forget_newest(pair)
            return NOTHING
        settled = pair.a.customer.refused == 0 == pair.b.customer.refused
        return self._revise(clerk, pair, moved=moved) if moved or (raised and not settled) else NOTHING

    def _quarantine(self, clerk: Clerk, crowded: list[Identifier]) -> Outcome:
        revision = Revision(self._graph, self._judge)
        revision.quarantine(crowded)
        return self._conclude(clerk, revision)

    def _conclude(self, clerk: Clerk, revision: Revision, moved: Pair | None = None) -> Outcome:
        revision.run(moved)
        self.visited = revision.visited
        return revision.outcome(clerk)

    def _refuse(self, clerk: Clerk, pair: Pair, refusal: Refusal) -> Outcome:
        pair.refusal = refusal
        one, other = pair.a.customer, pair.b.customer
        cuts = self._judge.cuts(one, other) if refusal is CANNOT_LINK else ()
        for group in (one, other):
            group.note_refused(pair)
        return Outcome(decisions=(clerk.refuse(pair, refusal, cuts),))

    def _join(self, clerk: Clerk, pair: Pair) -> Outcome:
        one, other = pair.a.customer, pair.b.customer
        merge = min(len(one), len(other)) > 1
        winner, loser = sorted((one.head, other.head), key=self.rules.strength)
        left = tuple(sorted(member.node for member in (one if one.head is loser else other).members))
        refused = one.refused + other.refused
        joined = self._graph.join(one, other, pair.first_seen)
        pair.refusal, joined.newest, joined.refused = None, pair, refused
        gone = Change(loser.node, loser.home, clerk.seq, ())
        grown = Change(winner.node, winner.home, clerk.seq, tuple(sorted(joined.members)))
        changes = (gone, grown) if loser.node < winner.node else (grown, gone)
        decision = clerk.join(pair, merge)
        return Outcome(changes, {loser.node: left}, {loser.node: loser.home}, (decision,))

    def customer_of(self, node: Id) -> Id:
        found = self._graph.find_identifier(node)
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

    @property
    def released(self) -> Iterable[Id]:
        """Identifiers that an operator keeps out of quarantine."""
        return self._graph.releases.words

    def identifier(self, node: Id) -> Identifier:
        """Of one that stood in a claim; not to be changed. Raises KeyError for any other."""
        self._graph.find_identifier(node)
        return self._graph.identifiers[node]

    def pair(self, known: Pair) -> Pair:
        """The pair of the same identifiers in another state. Raises KeyError if it was never claimed here."""
        found = self._graph.find(self.identifier(known.a.id), self.identifier(known.b.id))
        if found is None:
            raise KeyError(known.position)
        return found

    def cuts_between(self, pair: Pair) -> tuple[Id, ...]:
        """Ids of the cuts that keep the customers of the two apart."""
        return self._judge.cuts(pair.a.customer, pair.b.customer)

    def _group(self, customer: Id) -> Group | None:
        found = self._graph.find_identifier(customer)
        return found.customer if found and found.customer.head is found.member else None

    def resolution(self) -> Resolution:
        """The whole state, as `resolve` says it."""
        if self._graph.archive is not None:
            self._graph.archive.wake_all()
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
