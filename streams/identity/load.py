"""Loads a whole log of claims into a graph at once: the same state as claim by claim, without the outcomes between."""

from collections.abc import Iterable
from operator import attrgetter

from schemas.messages import Claim
from streams.identity.graph import Graph, Pair, seen_of
from streams.identity.judge import Judge
from streams.identity.revision import Revision
from streams.identity.rules import DEVICE, QUARANTINED, skip_of
from streams.identity.spoken import hear


def load(graph: Graph, judge: Judge, claims: Iterable[Claim]) -> None:
    """Fills an empty graph."""
    pairs = _read(graph, claims)
    for identifier in graph.identifiers.values():
        if graph.crowded(identifier):
            identifier.skip = QUARANTINED
    refused = _settle(graph, judge, pairs)
    _share(graph, judge, refused)


def _read(graph: Graph, claims: Iterable[Claim]) -> list[Pair]:
    pairs: list[Pair] = []
    for claim in claims:
        if claim.kind == "rules":
            continue
        first, second = graph.identifier(claim.a), graph.identifier(claim.b)
        a, b = (first, second) if first.id < second.id else (second, first)
        if claim.kind != "link":
            hear(claim, graph.cuts, graph.releases)
        elif a is b:
            continue
        elif (pair := graph.find(a, b)) is None:
            pairs.append(graph.connect(a, b, seen_of(claim)))
        else:
            pair.learn(seen_of(claim))
    return pairs


def _settle(graph: Graph, judge: Judge, pairs: list[Pair]) -> list[Pair]:
    """Decides all pairs as if no device were shared; returns those that a rule refused."""
    refused = []
    for part in ("b.id", "a.id", "first_seen"):  # stable sorts: a million positions as tuples would cost 150 MB
        pairs.sort(key=attrgetter(part))
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
    for identifier in graph.identifiers.values():
        identifier.customer.refused = -1
    return refused


def _share(graph: Graph, judge: Judge, refused: list[Pair]) -> None:
    """A shared device stands in a customer with a refused pair: else all that pairs connect would be that customer."""
    groups = {end.customer for pair in refused for end in (pair.a, pair.b)}
    suspects = {one for group in groups for one in graph.members(group) if one.kind == DEVICE}
    revision = Revision(graph, judge)
    if revision.share((), suspects):
        revision.run()
