"""What a claim changed: customers, who left whom, and the decisions, in messages that outlive the state."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from schemas.identifiers import DAY
from schemas.ids import Id
from schemas.messages import Change
from streams.identity.graph import Identifier, Pair
from streams.identity.rules import QUARANTINED, SHARED, IdentityRules, Refusal


class Decision(NamedTuple):
    """A transition. `a`, `b`: the pair; twice the same identifier for quarantine, share and unshare.

    | kind | when |
    |---|---|
    | attach | the pair now holds, and one of the two was alone (or they already were one customer) |
    | merge | the pair now holds, and joined two customers of two identifiers or more |
    | refuse | the pair does not hold, or no longer, or for another reason than before |
    | quarantine, share, unshare | the identifier left the graph, or came back |
    | cut, uncut | an operator keeps the two apart, or does no longer |
    """

    seq: int
    a: Id
    b: Id
    kind: str
    reason: str  # name of the rule; "allowed" where none speaks against the pair
    detail: str  # one sentence for an ops person
    customer: Id  # of `a`, after the claim
    rules: int
    evidence: tuple[Id, ...] = ()  # event_id of the links, or id of the operator's claims, that it rests on


class Outcome(NamedTuple):
    """`changes`: every customer whose members or flags changed, by id. `left`: former customer -> those of its
    identifiers that are another's now (also of one that had been alone). `homes`: of those former customers."""

    changes: tuple[Change, ...] = ()
    left: Mapping[Id, tuple[Id, ...]] = MappingProxyType({})
    homes: Mapping[Id, int] = MappingProxyType({})
    decisions: tuple[Decision, ...] = ()


NOTHING = Outcome()


class Clerk:
    """Writes the decisions on one claim."""

    def __init__(self, seq: int, rules: IdentityRules) -> None:
        self.seq = seq
        self._rules = rules

    def join(self, pair: Pair, merge: bool) -> Decision:
        a, b = pair.a.member.type, pair.b.member.type
        detail = f"{a} and {b} were seen together, at level {pair.level}"
        return self._on_pair(pair, "merge" if merge else "attach", "allowed", detail)

    def refuse(self, pair: Pair, refusal: Refusal) -> Decision:
        return self._on_pair(pair, "refuse", refusal.rule, in_words(refusal, pair.level, self._rules))

    def skip(self, identifier: Identifier) -> Decision:
        type, reason = identifier.member.type, identifier.skip
        if reason is QUARANTINED:
            detail = f"this {type} is claimed with {self._rules.quarantine_at} others or more: it joins nobody"
            return self._on_one(identifier, "quarantine", reason.rule, detail)
        if reason is SHARED:
            detail = f"this {type} was seen with persons who exclude each other: it joins nobody"
            return self._on_one(identifier, "share", reason.rule, detail)
        return self._on_one(identifier, "unshare", "allowed", f"no persons seen with this {type} exclude each other")

    def cut(self, a: Identifier, b: Identifier, kind: str, detail: str) -> Decision:
        reason = "cannot_link" if kind == "cut" else "withdrawn"
        return Decision(self.seq, a.id, b.id, kind, reason, detail, a.customer.head.node, self._rules.version)

    def _on_pair(self, pair: Pair, kind: str, reason: str, detail: str) -> Decision:
        customer = pair.a.customer.head.node
        return Decision(self.seq, pair.a.id, pair.b.id, kind, reason, detail, customer, self._rules.version)

    def _on_one(self, one: Identifier, kind: str, reason: str, detail: str) -> Decision:
        return Decision(self.seq, one.id, one.id, kind, reason, detail, one.customer.head.node, self._rules.version)


def in_words(refusal: Refusal, level: int, rules: IdentityRules) -> str:
    """The rule in words, with the figures that it holds."""
    match refusal.rule:
        case "cannot_link":
            return "an operator keeps two of the joined identifiers apart"
        case "unique":
            return f"one customer would hold two different {refusal.type}"
        case "limit":
            rule = rules.of(refusal.type)
            within = f" within {rule.window_ms / DAY:g} days" if rule.window_ms else ""
            return f"one customer would hold more than {rule.limit} {refusal.type}{within}"
        case "level":
            return f"two known customers join at level {rules.trusted_level} or above, this pair has {level}"
        case "transaction":
            return "an identifier of a transaction joins no customers"
        case rule:
            return f"one of the two is {rule}"
