"""What other rules make of the same claims: every customer, flag and verdict that comes out differently, told like the outcome of
a claim. Neighbourhood by neighbourhood, so that millions of customers never are in memory at once."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from schemas.ids import Id
from schemas.links import Array, Links, Recorded
from schemas.messages import Change
from streams.identity.archive import crowded_in
from streams.identity.graph import Pair
from streams.identity.outcome import NOTHING, Clerk, Decision, Outcome
from streams.identity.rules import QUARANTINED, SHARED, IdentityRules
from streams.identity.state import IdentityState

AT_ONCE = 1_000  # identifiers between two pauses: some 50 ms
KEPT = 20  # portions until what they brought into memory is let go
OUTSIDE = QUARANTINED, SHARED


class Portion(NamedTuple):
    """What differs in some neighbourhoods, if anything, and the state in which they are as they are now."""

    outcome: Outcome
    state: IdentityState


def comparison(recorded: Recorded, before: IdentityRules, after: IdentityRules, clerk: Clerk) -> Iterator[Portion]:
    """Whoever asks for the next portion may do something else before."""
    words = [claim for _, claim in recorded.words]
    old, new = (IdentityState.over(recorded.links, words, rules) for rules in (before, after))
    closed = crowded_in(recorded.links, new.released, max(before.quarantine_at, after.quarantine_at))
    for number, nodes in enumerate(_portions(recorded.links, closed), 1):
        yield Portion(_difference(old, new, nodes, clerk), new)
        if number % KEPT == 0:
            old, new = (IdentityState.over(recorded.links, words, rules) for rules in (before, after))


def _portions(links: Links, closed: Array) -> Iterator[list[Id]]:
    """Whole neighbourhoods, several at a time. `closed`: in quarantine under either rules, so they stay as they are."""
    done = bytearray(closed.tobytes())
    portion: list[int] = []
    for start in range(len(links)):
        waiting = [] if done[start] else [start]
        while waiting:
            number = waiting.pop()
            if not done[number]:
                done[number] = True
                portion.append(number)
                waiting += links.around(number)[1].tolist()
        if len(portion) >= AT_ONCE or start == len(links) - 1:
            yield [links.node(number) for number in portion]
            portion = []


def _difference(old: IdentityState, new: IdentityState, nodes: list[Id], clerk: Clerk) -> Outcome:
    changes = tuple(_changes(old, new, nodes, clerk.seq))
    decisions = tuple(_decisions(old, new, nodes, clerk))
    if not changes and not decisions:
        return NOTHING
    left: dict[Id, list[Id]] = defaultdict(list)
    for node in sorted(nodes):
        if (former := old.customer_of(node)) != new.customer_of(node):
            left[former].append(node)
    homes = {customer: _home(old, customer) for customer in left}
    return Outcome(changes, {customer: tuple(some) for customer, some in sorted(left.items())}, homes, decisions)


def _changes(old: IdentityState, new: IdentityState, nodes: list[Id], seq: int) -> Iterator[Change]:
    customers = {state.customer_of(node) for node in nodes for state in (old, new)}
    for customer in sorted(customers):
        members = new.members(customer)
        if (members, new.flags(customer)) != (old.members(customer), old.flags(customer)):
            yield Change(customer, _home(new, customer), seq, members, new.flags(customer))


def _home(state: IdentityState, customer: Id) -> int:
    return state.identifier(customer).member.home


def _decisions(old: IdentityState, new: IdentityState, nodes: list[Id], clerk: Clerk) -> Iterator[Decision]:
    for node in sorted(nodes):
        one, former = new.identifier(node), old.identifier(node).skip
        if one.skip is not former and (one.skip in OUTSIDE or former in OUTSIDE):
            yield clerk.skip(one, former)
    pairs = {pair.position: pair for node in nodes for pair in new.identifier(node).pairs}
    for _, pair in sorted(pairs.items()):
        was = old.pair(pair)
        if was.refusal == pair.refusal:
            continue
        if pair.refusal is not None:
            yield clerk.refuse(pair, pair.refusal, new.cuts_between(pair))
        else:
            yield clerk.join(pair, _merges(was))


def _merges(pair: Pair) -> bool:
    one, other = pair.a.customer, pair.b.customer
    return one is not other and min(len(one), len(other)) > 1
