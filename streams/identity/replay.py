"""Replay: decides pairs again from the first that changed, visiting only those with an end in a customer that differs.

At any position of the replay a customer is the one that it was at that position, until a verdict near it comes out
otherwise; from there on it is `changed`, and so is whatever it joins. Pairs of unchanged customers keep their verdicts.
"""

from collections.abc import Iterable
from heapq import heappop, heappush

from schemas.ids import Id
from streams.identity.graph import Graph, Group, Identifier, Pair, Position
from streams.identity.judge import Judge
from streams.identity.rules import CANNOT_LINK, Refusal, skip_of


class Replay:
    """One run. Afterwards `verdicts` holds the former verdict of every pair whose verdict is another now, and `former`
    the former customer of every identifier whose customer was built again."""

    def __init__(self, graph: Graph, judge: Judge) -> None:
        self.verdicts: dict[Pair, Refusal | None] = {}
        self.former: dict[Identifier, Group] = {}
        self.cuts: dict[Pair, tuple[Id, ...]] = {}  # of pairs refused for them
        self.visited = 0
        self._graph = graph
        self._judge = judge
        self._trial: dict[Id, Group] = {}
        self._queue: list[tuple[int, Id, Id, Pair]] = []
        self._queued: set[Pair] = set()
        self._stale: set[Pair] = set()
        self._moved: Pair | None = None

    def run(self, stale: Iterable[Pair], moved: Pair | None = None) -> None:
        """`stale`: pairs to decide again in any case. `moved`: the one of them whose position is new."""
        self._stale.update(stale)
        self._moved = moved
        for pair in self._stale:
            self._push(pair)
        while self._queue:
            self._visit(heappop(self._queue)[3])
        self._keep()

    def _push(self, pair: Pair) -> None:
        if pair not in self._queued:
            self._queued.add(pair)
            heappush(self._queue, (*pair.position, pair))

    def _visit(self, pair: Pair) -> None:
        self.visited += 1
        one, other = self._trial.get(pair.a.id), self._trial.get(pair.b.id)
        if pair in self._stale or (one and one.changed) or (other and other.changed):
            self._decide(pair)
        elif one and other and one is not other and pair.refusal is None:
            self._join(one, other, pair.first_seen)

    def _decide(self, pair: Pair) -> None:
        skip = skip_of(pair.a.skip, pair.b.skip)
        accepted = pair.refusal is None
        if skip and not accepted:
            self._note(pair, skip)
            return
        one, other = self._load(pair.a, pair.position), self._load(pair.b, pair.position)
        if one is other:
            self._note(pair, skip)
            return
        refusal = skip or self._judge.refusal(one, other, pair.level, pair.first_seen)
        if refusal is CANNOT_LINK and pair.refusal != refusal:
            self.cuts[pair] = self._judge.cuts(one, other)
        if accepted != (refusal is None) or (accepted and pair is self._moved):
            one.changed = other.changed = True
        if refusal is None:
            self._join(one, other, pair.first_seen)
        self._note(pair, refusal)

    def _note(self, pair: Pair, refusal: Refusal | None) -> None:
        if pair.refusal != refusal:
            self.verdicts[pair] = pair.refusal
            pair.refusal = refusal

    def _join(self, one: Group, other: Group, at: int) -> None:
        large, small = (one, other) if len(one) >= len(other) else (other, one)
        large.changed = one.changed or other.changed
        large.absorb(small, at, self._graph.rules)
        self._trial.update((member.node, large) for member in small.members)

    def _load(self, identifier: Identifier, position: Position) -> Group:
        """The customer of `identifier` just before `position`; with it come all its members and their later pairs."""
        if (found := self._trial.get(identifier.id)) is not None:
            return found
        before: list[Pair] = []
        for member in self._graph.members(identifier.customer):
            self._trial[member.id] = Group(member.member)
            for pair in member.pairs:
                if pair.first_seen > position[0] or pair.position >= position:
                    self._push(pair)
                elif pair.refusal is None and pair.a is member:
                    before.append(pair)
        for pair in sorted(before, key=lambda pair: pair.position):
            one, other = self._trial[pair.a.id], self._trial[pair.b.id]
            if one is not other:
                self._join(one, other, pair.first_seen)
        return self._trial[identifier.id]

    def _keep(self) -> None:
        for id, group in self._trial.items():
            if group.changed:
                identifier = self._graph.identifiers[id]
                self.former[identifier] = identifier.customer
                identifier.customer = group
        for pair in self._stale.union(self.verdicts):
            pair.a.customer.refused = pair.b.customer.refused = -1
