"""Claims at rest. A state that is loaded decides nothing: pairs lie in arrays until a claim touches their neighbourhood, which is
then brought into the graph and decided as a whole. What pairs connect does not depend on anything they do not connect.

An identifier in quarantine joins nobody, so it connects no neighbourhoods: of its pairs only those are brought that
belong to a neighbourhood brought for another reason, until somebody releases it.
"""

from collections.abc import Iterable
from operator import attrgetter

from schemas.ids import Id
from schemas.links import Array, Links
from streams.identity.graph import Graph, Identifier, Pair
from streams.identity.judge import Judge
from streams.identity.revision import Revision
from streams.identity.rules import DEVICE, QUARANTINED, skip_of


class Archive:
    """What operators said stands in the graph before anything is brought into it."""

    def __init__(self, links: Links, graph: Graph, judge: Judge) -> None:
        self._links, self._graph, self._judge = links, graph, judge
        self.crowded = crowded_in(links, graph.releases.words, graph.rules.quarantine_at)
        self._awake = bytearray(len(links))
        self._brought = bytearray(links.pairs)

    def wake(self, node: Id) -> None:
        """Brings the neighbourhood of this identifier into the graph, if it is here and was not brought yet."""
        number = self._links.number(node)
        if number >= 0 and not self._awake[number]:
            self._decide(self._bring(number))

    def complete(self, identifier: Identifier) -> None:
        """Brings all pairs of an identifier that may leave quarantine, and with them its partners' neighbourhoods."""
        number = self._links.number(identifier.id)
        if number >= 0 and self.crowded[number]:
            self.crowded[number] = False
            self._awake[number] = False
            self._decide(self._bring(number))

    def wake_all(self) -> None:
        for number, awake in enumerate(self._awake):
            if not awake:
                self._decide(self._bring(number))

    def _bring(self, start: int) -> list[Pair]:
        found: list[Pair] = []
        waiting = [start]
        while waiting:
            number = waiting.pop()
            if not self._awake[number]:
                self._awake[number] = True
                self._identifier(number)
                for pair, partner in self._around(number):
                    if not self._brought[pair]:
                        self._brought[pair] = True
                        waiting.append(partner)
                        found.append(self._connect(pair, number, partner))
        return found

    def _around(self, number: int) -> Iterable[tuple[int, int]]:
        pairs, partners = self._links.around(number)
        if self.crowded[number]:
            among_crowded = self.crowded[partners]
            pairs, partners = pairs[among_crowded], partners[among_crowded]
        return zip(pairs.tolist(), partners.tolist(), strict=True)

    def _connect(self, pair: int, one: int, other: int) -> Pair:
        a, b = sorted((one, other))  # numbers have the order of the nodes
        return self._graph.connect(self._identifier(a), self._identifier(b), self._links.seen(pair))

    def _identifier(self, number: int) -> Identifier:
        found = self._graph.identifiers.get(self._links.node(number))
        if found is None:
            found = self._graph.add(self._links.member(number))
            if self.crowded[number]:
                found.skip = QUARANTINED
        return found

    def _decide(self, pairs: list[Pair]) -> None:
        """As if no device were shared, then for those that are."""
        refused = settle(self._graph, self._judge, pairs)
        groups = {end.customer for pair in refused for end in (pair.a, pair.b)}
        # where no pair is refused, all that pairs connect is one customer, and nobody excludes anybody
        suspects = {one for group in groups for one in self._graph.members(group) if one.kind == DEVICE}
        revision = Revision(self._graph, self._judge)
        if revision.share((), suspects):
            revision.run()


def crowded_in(links: Links, released: Iterable[Id], quarantine_at: int) -> Array:
    """By number, which identifiers are claimed with so many others that they leave the graph."""
    crowded: Array = links.degrees() >= quarantine_at
    for node in released:
        if (number := links.number(node)) >= 0:
            crowded[number] = False
    return crowded


def settle(graph: Graph, judge: Judge, pairs: list[Pair]) -> list[Pair]:
    """Decides these pairs, which nothing was decided of yet; returns those that a rule refused."""
    refused = []
    pairs.sort(key=attrgetter("position"))
    for pair in pairs:
        pair.refusal = skip_of(pair.a.skip, pair.b.skip)
        if pair.refusal is not None:
            continue
        one, other = pair.a.customer, pair.b.customer
        if one is not other:
            pair.refusal = judge.refusal(one, other, pair.level, pair.first_seen)
            if pair.refusal is None:
                graph.join(one, other, pair.first_seen)
            else:
                refused.append(pair)
    for pair in pairs:
        pair.a.customer.refused = pair.b.customer.refused = -1
    return refused
