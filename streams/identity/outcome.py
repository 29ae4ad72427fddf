"""What a claim changed: customers, who left whom, and the decisions, in messages that outlive the state."""

from collections.abc import Mapping
from heapq import nsmallest
from types import MappingProxyType
from typing import NamedTuple

from schemas.identifiers import DAY
from schemas.ids import Id
from schemas.messages import Change
from streams.identity.graph import Identifier, Pair
from streams.identity.rules import QUARANTINED, SHARED, IdentityRules, Refusal


class Decision(NamedTuple):
    """A transition. `a`, `b`: the pair; twice the same for what is about one identifier.

    | kind | when |
    |---|---|
    | attach | the pair now holds, and one of the two was alone (or they already were one customer) |
    | merge | the pair now holds, and joined two customers of two identifiers or more |
    | refuse | the pair does not hold, or no longer, or for another reason than before |
    | quarantine, unquarantine, share, unshare | the identifier left the graph, or came back |
    | cut, uncut | an operator keeps the two apart, or does no longer |
    | release, unrelease | an operator keeps the identifier out of quarantine, or does no longer |
    | rules | other rules hold from now on, or are refused; a and b are no identifiers |

    An operator's word that changes nothing is a decision too, and its reason says why: `withdrawn`, `unknown`, `itself`.
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
EVENTS_AT_MOST = 50  # of one decision


class Clerk:
    """Writes the decisions that the claim with this seq leads to; `claim` is the id of its event or of the operator's word."""

    def __init__(self, seq: int, rules: IdentityRules, claim: Id) -> None:
        self.seq = seq
        self._rules = rules
        self._claim = claim

    def join(self, pair: Pair, merge: bool) -> Decision:
        a, b = pair.a.member.type, pair.b.member.type
        detail = f"{a} and {b} were seen together, at level {pair.level}"
        return self._on_pair(pair, "merge" if merge else "attach", ("allowed", detail), pair.evidence)

    def refuse(self, pair: Pair, refusal: Refusal, cuts: tuple[Id, ...] = ()) -> Decision:
        """`cuts`: ids of those that keep the two customers apart."""
        words = refusal.rule, in_words(refusal, pair.level, self._rules)
        return self._on_pair(pair, "refuse", words, pair.evidence + cuts)

    def skip(self, one: Identifier, former: Refusal | None) -> Decision:
        """The identifier left the graph or came back; `former`: why it stood outside until now."""
        type, reason = one.member.type, one.skip
        if reason is QUARANTINED:
            detail = f"this {type} is claimed with {self._rules.quarantine_at} others or more: it joins nobody"
            return self._on_one(one, "quarantine", (reason.rule, detail), _events(one))
        if reason is SHARED:
            detail = f"this {type} was seen with persons who exclude each other: it joins nobody"
            return self._on_one(one, "share", (reason.rule, detail), _events(one))
        if former is SHARED:
            return self._on_one(one, "unshare", ("allowed", f"no persons seen with this {type} exclude each other"))
        detail = f"this {type} may be claimed with as many others as it is"
        return self._on_one(one, "unquarantine", ("allowed", detail))

    def word(self, kind: str, ends: tuple[Identifier, Identifier], reason: str, detail: str) -> Decision:
        """What became of an operator's claim."""
        a, b = ends
        customer = a.customer.head.node
        return Decision(self.seq, a.id, b.id, kind, reason, detail, customer, self._rules.version, (self._claim,))

    def _on_pair(self, pair: Pair, kind: str, words: tuple[str, str], evidence: tuple[Id, ...]) -> Decision:
        return self._decide((pair.a, pair.b), kind, words, evidence)

    def _on_one(self, one: Identifier, kind: str, words: tuple[str, str], evidence: tuple[Id, ...] = ()) -> Decision:
        return self._decide((one, one), kind, words, evidence)

    def _decide(
        self, ends: tuple[Identifier, Identifier], kind: str, words: tuple[str, str], evidence: tuple[Id, ...]
    ) -> Decision:
        because = tuple(dict.fromkeys((*evidence, self._claim)))
        customer = ends[0].customer.head.node
        return Decision(self.seq, ends[0].id, ends[1].id, kind, *words, customer, self._rules.version, because)


def _events(one: Identifier) -> tuple[Id, ...]:
    """The first events that showed this identifier with others."""
    return tuple(pair.first for pair in nsmallest(EVENTS_AT_MOST, one.pairs, key=lambda pair: pair.position))


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
