"""An operator's claims: cuts, releases from quarantine, and the withdrawals of both."""

from collections.abc import Iterable
from itertools import chain

from schemas.ids import Id
from schemas.messages import Claim
from streams.identity.graph import Graph, Identifier
from streams.identity.judge import Judge
from streams.identity.outcome import NOTHING, Clerk, Outcome
from streams.identity.revision import Revision
from streams.identity.rules import PERSON, QUARANTINED

Ends = tuple[Identifier, Identifier]
Told = list[tuple[Ends, str, str]]  # reason and detail of a decision on these two

TOO_LATE = "it was withdrawn before it came"
UNHEARD = "nothing with this id is known; should it come, it will not hold"


class Operator:
    """Takes such claims into a graph. Each leaves a decision, also where it changes nothing, unless it was heard before."""

    def __init__(self, graph: Graph, judge: Judge) -> None:
        self._graph = graph
        self._judge = judge
        self.visited = 0  # pairs that the last claim made a replay look at

    def take(self, seq: int, claim: Claim) -> Outcome:
        a, b = self._graph.identifier(claim.a), self._graph.identifier(claim.b)
        revision = Revision(self._graph, self._judge)
        words = {"cut": self._cut, "uncut": self._uncut, "release": self._release, "unrelease": self._unrelease}
        told = words[claim.kind](revision, claim, (a, b) if a.id < b.id else (b, a))
        if not told:
            return NOTHING
        clerk = Clerk(seq, self._graph.rules, claim.evidence)
        outcome = self._concluded(revision, clerk)
        own = tuple(clerk.word(claim.kind, ends, reason, detail) for ends, reason, detail in told)
        return outcome._replace(decisions=own + outcome.decisions)

    def _concluded(self, revision: Revision, clerk: Clerk) -> Outcome:
        revision.run()
        self.visited = revision.visited
        return revision.outcome(clerk)

    def _cut(self, revision: Revision, claim: Claim, ends: Ends) -> Told:
        said = self._graph.cuts.add(claim.evidence, (ends[0].id, ends[1].id))
        if said == "known":
            return []
        if ends[0] is ends[1]:
            return [(ends, "itself", "an identifier is never kept apart from itself")]
        if said == "withdrawn":
            return [(ends, "withdrawn", TOO_LATE)]
        self._reconsider(revision, [ends])
        return [(ends, "cannot_link", claim.reason)]

    def _uncut(self, revision: Revision, claim: Claim, ends: Ends) -> Told:
        for node in chain.from_iterable(self._graph.cuts.said(claim.evidence)):
            self._known(node)  # decided as it was until now, though the claim may name others
        freed = self._graph.cuts.withdraw(claim.evidence)
        if not freed:
            return [] if freed is None else [(ends, "unknown", UNHEARD)]
        pairs = [(self._known(one), self._known(other)) for one, other in freed]
        self._reconsider(revision, pairs)
        return [(pair, "withdrawn", claim.reason) for pair in pairs]

    def _release(self, revision: Revision, claim: Claim, _: Ends) -> Told:
        one = self._graph.identifier(claim.a)
        said = self._graph.releases.add(claim.evidence, one.id)
        if said == "known":
            return []
        if said == "withdrawn":
            return [((one, one), "withdrawn", TOO_LATE)]
        if one.skip is QUARANTINED:
            self._graph.complete(one)
            revision.release(one)
        return [((one, one), "released", claim.reason)]

    def _unrelease(self, revision: Revision, claim: Claim, ends: Ends) -> Told:
        for node in self._graph.releases.said(claim.evidence):
            self._known(node)
        freed = self._graph.releases.withdraw(claim.evidence)
        if not freed:
            one = self._graph.identifier(claim.a)
            return [] if freed is None else [((one, one), "unknown", UNHEARD)]
        bound = [self._known(node) for node in freed]
        revision.quarantine([one for one in bound if one.skip is not QUARANTINED and self._graph.crowded(one)])
        return [((one, one), "withdrawn", claim.reason) for one in bound]

    def _known(self, node: Id) -> Identifier:
        """One that an operator spoke of before."""
        found = self._graph.find_identifier(node)
        assert found is not None, node.hex()
        return found

    def _reconsider(self, revision: Revision, pairs: Iterable[Ends]) -> None:
        """An operator's word may change any verdict in the customers of the two."""
        ends = set(chain.from_iterable(pairs))
        revision.share(end for end in ends if end.kind == PERSON and end.skip is None)
        for group in {end.customer for end in ends}:
            revision.stale += (pair for member in self._graph.members(group) for pair in member.pairs)
