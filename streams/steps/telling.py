"""How the resolver tells what it decided: rows first, then messages to everybody, then barriers to those who lose a node."""

from collections import defaultdict
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.ids import NONE, Id, uuid_text
from schemas.messages import Barrier, Change, Claim, Decided, Inbox, encode, encode_json
from schemas.murmur2 import murmur2
from schemas.tables import CUSTOMERS, DECISIONS, IDENTITY_MAP, Block
from streams.effects import Effect, Message, Send, Write
from streams.identity.outcome import Decision, Outcome
from streams.identity.state import IdentityState
from streams.steps.intake import Topics
from throughline.clock import iso

NO_PAIR = 0, NONE, NONE
NODES_AT_MOST = 10_000  # of one barrier: 180 KB


@dataclass(frozen=True)
class Teller:
    """For the claims of one batch, decided at `now` (ms)."""

    partitions: int
    topics: Topics
    now: int

    def tell(self, outcomes: Sequence[Outcome], state: IdentityState) -> Generator[Effect, Any, int]:
        """Returns the position in identity.changes after the last change, 0 if there is none."""
        changes = _last_of_each([change for outcome in outcomes for change in outcome.changes])
        decisions = [decision for outcome in outcomes for decision in outcome.decisions]
        customers = [_customer_row(change, state) for change in changes]
        decided = Block.of(DECISIONS, [(*d[:8], self.now, d.evidence) for d in decisions])
        for block in (decided, _mapped(outcomes, changes), Block.of(CUSTOMERS, customers)):
            if len(block):
                yield Write((block,))
        messages = [Message(self.topics.changes, 0, change.customer, encode(change)) for change in changes]
        moment = iso(self.now)
        messages += [self._decision(decision, moment) for decision in decisions]
        sent = (yield Send(tuple(messages))) if messages else []
        return max(sent[: len(changes)], default=-1) + 1

    def hand_over(self, outcomes: Iterable[Outcome], seen: int) -> Generator[Effect, Any, None]:
        """Barriers for the customers that lost nodes; `seen`: after every change that they speak of."""
        if barriers := tuple(self._barriers(outcomes, seen)):
            yield Send(barriers)

    def _barriers(self, outcomes: Iterable[Outcome], seen: int) -> list[Message]:
        customers: dict[int, set[Id]] = defaultdict(set)
        nodes: dict[int, set[Id]] = defaultdict(set)
        for outcome in outcomes:
            for customer, left in outcome.left.items():
                partition = outcome.homes[customer] % self.partitions
                customers[partition].add(customer)
                nodes[partition].update(left)
        return [
            Message(self.topics.inbox, p, None, encode(Inbox(barrier=barrier)))
            for p in sorted(nodes)
            for barrier in barriers_of(sorted(customers[p]), sorted(nodes[p]), seen)
        ]

    def _decision(self, d: Decision, moment: str) -> Message:
        """To the partition that any producer would take for the customer's id as text."""
        a, b, customer = uuid_text(d.a), uuid_text(d.b), uuid_text(d.customer)
        because = [uuid_text(id) for id in d.evidence]
        told = Decided(d.seq, d.kind, a, b, customer, d.reason, d.detail, because, d.rules, moment)
        key = customer.encode()
        return Message(self.topics.decisions, (murmur2(key) & 0x7FFFFFFF) % self.partitions, key, encode_json(told))


def barriers_of(customers: Sequence[Id], nodes: Sequence[Id], seen: int) -> list[Barrier]:
    """One barrier, or several where one would be larger than Kafka takes."""
    return [
        Barrier(tuple(customers[i : i + NODES_AT_MOST]), tuple(nodes[i : i + NODES_AT_MOST]), seen)
        for i in range(0, max(len(customers), len(nodes)), NODES_AT_MOST)
    ]


def claim_rows(seq: int, claim: Claim) -> list[tuple[Any, ...]]:
    """Both directions, so that the claims of an identifier are one range of the table."""
    rest = claim.first_seen, claim.level, claim.source, claim.reason
    return [
        (x.node, y.node, claim.kind, claim.evidence, seq, x.type, y.type, x.home, y.home, *rest)
        for x, y in dict.fromkeys(((claim.a, claim.b), (claim.b, claim.a)))
    ]


def _mapped(outcomes: Iterable[Outcome], changes: Sequence[Change]) -> Block:
    """Only nodes that are or were in another's customer; one that returned to itself must say so."""
    moved = {node for outcome in outcomes for left in outcome.left.values() for node in left}
    rows = [(m.node, c.customer, c.seq) for c in changes for m in c.members if m.node != c.customer or m.node in moved]
    return Block.of(IDENTITY_MAP, rows)


def _last_of_each(changes: Sequence[Change]) -> list[Change]:
    """Of several changes of one customer only the newest matters; the result is in the order of seq."""
    newest = {change.customer: change for change in changes}
    return sorted(newest.values(), key=lambda change: (change.seq, change.customer))


def _customer_row(change: Change, state: IdentityState) -> tuple[Any, ...]:
    members = change.members
    columns = tuple(m.node for m in members), tuple(m.type for m in members), tuple(m.home for m in members)
    newest = state.newest(change.customer) or NO_PAIR
    return change.customer, change.seq, change.home, *columns, change.flags, *newest
