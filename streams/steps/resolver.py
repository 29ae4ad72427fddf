"""Resolver: claims become customers, told in tables first, then to every worker, then to whoever loses a node (protocol.md).

State = function of the claims log up to the committed offset. A second resolver, or the same one after a crash, says the same
things again with the same seq, which is harmless.
"""

from collections import defaultdict
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.ids import NONE, Id
from schemas.messages import Barrier, Change, Claim, Inbox, encode
from schemas.tables import CLAIMS, CUSTOMERS, DECISIONS, IDENTITY_MAP, Block
from streams.effects import Ask, Effect, Message, Send, Write
from streams.identity.outcome import Outcome
from streams.identity.rules import IdentityRules
from streams.identity.state import IdentityState
from streams.steps.intake import PLAIN, Topics

NO_PAIR = 0, NONE, NONE
NODES_AT_MOST = 10_000  # of one barrier: 180 KB


@dataclass
class Resolver:
    """`state` None: to be loaded. `next_seq`: seq of the first claim that is not in the state yet."""

    rules: IdentityRules
    partitions: int
    topics: Topics = PLAIN
    state: IdentityState | None = None
    next_seq: int = 0

    def forget(self) -> None:
        """After a failure or a new assignment: the state is loaded again from the recorded claims."""
        self.state = None

    def take(self, offsets: Sequence[int], claims: Sequence[Claim], now: int) -> Generator[Effect, Any, int]:
        """Decides these claims of identity.claims (offset + 1 is the seq) and tells it. Returns how many were decided."""
        state = yield from self._state_before(offsets[0] + 1)
        self.state = None
        outcomes = [
            (offset + 1, claim, state.apply(offset + 1, claim)) for offset, claim in zip(offsets, claims, strict=True)
        ]
        changes = _last_of_each([change for _, _, outcome in outcomes for change in outcome.changes])
        customers = [_customer_row(change, state) for change in changes]
        for block in (*_decided(outcomes, now), _mapped(outcomes, changes), Block.of(CUSTOMERS, customers)):
            if len(block):
                yield Write((block,))
        if changes:
            sent = yield Send(tuple(self._announcements(changes)))
            if barriers := self._barriers([outcome for _, _, outcome in outcomes], max(sent) + 1):
                yield Send(tuple(barriers))
        self.state, self.next_seq = state, offsets[-1] + 2
        return len(claims)

    def _state_before(self, seq: int) -> Generator[Effect, Any, IdentityState]:
        if self.state is None or self.next_seq != seq:
            recorded = yield Ask("claims_until", (seq - 1,))
            self.state = IdentityState.of((claim for _, claim in recorded), self.rules)
        return self.state

    def _announcements(self, changes: Sequence[Change]) -> list[Message]:
        return [Message(self.topics.changes, 0, change.customer, encode(change)) for change in changes]

    def _barriers(self, outcomes: Sequence[Outcome], seen: int) -> list[Message]:
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


def _decided(outcomes: Sequence[tuple[int, Claim, Outcome]], now: int) -> tuple[Block, Block]:
    """The claims as they came, then what was decided."""
    return (
        Block.of(CLAIMS, [row for seq, claim, _ in outcomes for row in claim_rows(seq, claim)]),
        Block.of(DECISIONS, [_decision_row(d, now) for _, _, outcome in outcomes for d in outcome.decisions]),
    )


def _mapped(outcomes: Sequence[tuple[int, Claim, Outcome]], changes: Sequence[Change]) -> Block:
    """Only nodes that are or were in another's customer; one that returned to itself must say so."""
    moved = {node for _, _, outcome in outcomes for left in outcome.left.values() for node in left}
    rows = [(m.node, c.customer, c.seq) for c in changes for m in c.members if m.node != c.customer or m.node in moved]
    return Block.of(IDENTITY_MAP, rows)


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
        for x, y in ((claim.a, claim.b), (claim.b, claim.a))
    ]


def _last_of_each(changes: Sequence[Change]) -> list[Change]:
    """Of several changes of one customer only the newest matters; the result is in the order of seq."""
    newest = {change.customer: change for change in changes}
    return sorted(newest.values(), key=lambda change: (change.seq, change.customer))


def _customer_row(change: Change, state: IdentityState) -> tuple[Any, ...]:
    members = change.members
    columns = tuple(m.node for m in members), tuple(m.type for m in members), tuple(m.home for m in members)
    return (
        change.customer,
        change.seq,
        change.home,
        *columns,
        change.flags,
        *(state.newest(change.customer) or NO_PAIR),
    )


def _decision_row(decision: Any, now: int) -> tuple[Any, ...]:
    d = decision
    return d.seq, d.a, d.b, d.kind, d.reason, d.detail, d.customer, d.rules, now, d.evidence
