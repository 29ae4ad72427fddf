"""Why two identifiers are one customer: the shortest chain of accepted pairs between them."""

from collections import defaultdict, deque

from schemas.ids import Id
from streams.identity.cuts import Ends
from streams.identity.resolve import Resolution
from streams.identity.rules import Refusal


def explain(resolution: Resolution, a: Id, b: Id) -> list[Ends]:
    """Pairs that lead from `a` to `b`, each in the order of the walk; of several shortest chains the smallest. Empty if
    `a` is `b` or they are two customers: then `obstacles` says which rules keep them apart."""
    if a == b or resolution.customer_of.get(a, a) != resolution.customer_of.get(b, b):
        return []
    step = _steps_from(a, resolution)
    chain: list[Ends] = []
    while b != a:
        chain.append((step[b], b))
        b = step[b]
    return chain[::-1]


def obstacles(resolution: Resolution, a: Id, b: Id) -> dict[Ends, Refusal]:
    """The refused pairs between the customers of `a` and `b`, sorted; empty where no claim connects the two."""
    both = {resolution.customer_of.get(a, a), resolution.customer_of.get(b, b)}
    between = {
        ends: refusal
        for ends, refusal in sorted(resolution.verdicts.items())
        if refusal and {resolution.customer_of[node] for node in ends} == both
    }
    return between if len(both) == 2 else {}


def _steps_from(start: Id, resolution: Resolution) -> dict[Id, Id]:
    """Each identifier that accepted pairs connect with `start` -> the one before it on a shortest way."""
    partners: dict[Id, list[Id]] = defaultdict(list)
    for (one, other), refusal in sorted(resolution.verdicts.items()):
        if refusal is None:
            partners[one].append(other)
            partners[other].append(one)
    step, waiting = {start: start}, deque([start])
    while waiting:
        here = waiting.popleft()
        for there in sorted(partners[here]):
            if there not in step:
                step[there] = here
                waiting.append(there)
    return step
