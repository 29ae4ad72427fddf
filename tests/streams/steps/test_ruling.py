"""A claim of rules in the resolver: what comes out differently is told, then the rules, then those who lose are told."""

from dataclasses import replace

import pytest

from schemas.ids import NONE
from schemas.messages import NOBODY, RULES_KEY, Change, Claim, Member, Ruling, decode
from schemas.tables import CLAIMS, CUSTOMERS, DECISIONS, RULES
from streams.identity.rules import IdentityRules
from streams.steps.resolver import Resolver
from tests.streams.steps.outside import AT, PARTITIONS, Outside, member
from throughline.errors import ConfigurationError

ANN, BOB = member("email", "ann@x.org"), member("email", "bob@x.org")
COOKIES = [member("anonymous_id", f"c{n}") for n in range(3)]
SHIPPED = IdentityRules()


def read(text: str) -> IdentityRules:
    """`version limit`: so many cookies for each customer."""
    try:
        version, limit = map(int, text.split())
    except ValueError:
        raise ConfigurationError(f"rules: line 1: {text!r} is not two numbers; write a version and a limit") from None
    types = [replace(rule, limit=limit) if rule.name == "anonymous_id" else rule for rule in SHIPPED.types]
    return replace(SHIPPED, version=version, types=tuple(types))


def resolver() -> Resolver:
    return Resolver(SHIPPED, PARTITIONS, read=read)


def link(a: Member, b: Member, at: int) -> Claim:
    return Claim("link", a, b, AT + at, 1, "site", bytes([at + 1]) * 16)


def rules(text: str) -> Claim:
    return Claim("rules", NOBODY, NOBODY, 0, 0, "operator", text.encode().ljust(16, b"#"), text)


SEEN = [link(ANN, cookie, n) for n, cookie in enumerate(COOKIES)]


def take(outside: Outside, step: Resolver, first: int, *claims: Claim) -> None:
    outside.run(step.take(range(first, first + len(claims)), claims, AT))


def customers(outside: Outside) -> dict[bytes, bytes]:
    nodes = [ANN.node, BOB.node, *(cookie.node for cookie in COOKIES)]
    found = outside.store.customers_of(nodes)
    return {node: found[node].customer if node in found else node for node in nodes}


def announced(outside: Outside) -> list[Change | Ruling]:
    records = [message for message in outside.sent if message.topic == "identity.changes"]
    return [decode(Ruling if record.key == RULES_KEY else Change, record.value) for record in records]


def words(outside: Outside) -> list[tuple[int, str, int]]:
    return [(r["seq"], r["reason"], r["rules"]) for r in outside.store.rows(DECISIONS) if r["kind"] == "rules"]


def test_customers_become_those_of_the_new_rules() -> None:
    outside, step = Outside(), resolver()
    take(outside, step, 0, *SEEN, rules("2 1"))
    assert customers(outside) == {m.node: m.node for m in (ANN, BOB, *COOKIES)} | {COOKIES[0].node: ANN.node}
    [*changes, ruling] = announced(outside)
    assert ruling == Ruling(2, 4, "2 1")
    told = {change.customer: change for change in changes if change.seq == 4}
    assert {m.node for m in told[ANN.node].members} == {ANN.node, COOKIES[0].node}
    assert told.keys() == {ANN.node, COOKIES[1].node, COOKIES[2].node}


def test_every_pair_whose_verdict_changed_is_decided_again_under_the_new_version() -> None:
    outside, step = Outside(), resolver()
    take(outside, step, 0, *SEEN, rules("2 1"))
    decided = [row for row in outside.store.rows(DECISIONS) if row["seq"] == 4 and row["kind"] != "rules"]
    assert {(row["kind"], row["reason"], row["rules"]) for row in decided} == {("refuse", "limit", 2)}
    assert {row["evidence"] for row in decided} == {(bytes([n]) * 16, rules("2 1").evidence) for n in (2, 3)}
    assert words(outside) == [(4, "applied", 2)]


def test_rows_then_changes_then_the_rules_then_barriers_for_those_who_lose() -> None:
    outside, step = Outside(), resolver()
    take(outside, step, 0, *SEEN)
    outside.done.clear()
    take(outside, step, 3, rules("2 1"))
    assert outside.done == [
        "claims", "recorded_until", "decisions", "identity_map", "customers",
        "identity.changes", "identity.changes", "identity.changes", "identity.decisions", "identity.decisions",
        "decisions", "identity.decisions", "rules", "identity.changes", "journeys.inbox",
    ]  # fmt: skip
    [(partition, message)] = outside.inbox()[-1:]
    assert partition == ANN.home % PARTITIONS
    assert message.barrier is not None
    assert (message.barrier.customers, set(message.barrier.nodes)) == ((ANN.node,), {c.node for c in COOKIES[1:]})
    assert message.barrier.seen == [m.topic for m in outside.sent].index("identity.changes", len(outside.sent) - 2) + 1
    assert [(row["seq"], row["version"], row["text"]) for row in outside.store.rows(RULES)] == [(4, 2, "2 1")]


@pytest.mark.parametrize(("text", "reason"), [("1 1", "outdated"), ("2 9", "outdated"), ("nonsense", "unreadable")])
def test_rules_that_are_refused_are_recorded_and_change_nothing(text: str, reason: str) -> None:
    outside, step = Outside(), resolver()
    take(outside, step, 0, *SEEN, rules("2 2"))
    before = outside.store.rows(CUSTOMERS), announced(outside)
    take(outside, step, 4, rules(text))
    assert (outside.store.rows(CUSTOMERS), announced(outside)) == before
    assert words(outside)[-1] == (5, reason, 2)
    assert [row["kind"] for row in outside.store.rows(CLAIMS) if row["seq"] == 5] == ["rules"]


def test_claims_after_the_rules_are_decided_by_them() -> None:
    outside, step = Outside(), resolver()
    take(outside, step, 0, SEEN[0], rules("2 1"), SEEN[1])
    assert customers(outside)[COOKIES[1].node] == COOKIES[1].node
    assert [row["rules"] for row in outside.store.rows(DECISIONS)] == [1, 2, 2]


@pytest.mark.parametrize("first", range(6))
def test_a_resolver_that_crashed_anywhere_says_the_same_again(first: int) -> None:
    log = [*SEEN[:2], rules("2 1"), SEEN[2], rules("1 5"), rules("3 5")]
    straight, crashed = Outside(), Outside()
    take(straight, resolver(), 0, *log)
    take(crashed, resolver(), 0, *log)
    take(crashed, resolver(), first, *log[first:])
    assert customers(crashed) == customers(straight)
    assert crashed.store.rows(CUSTOMERS) == straight.store.rows(CUSTOMERS)
    plain = {tuple(row.items()) for row in straight.store.rows(DECISIONS)}
    assert {tuple(row.items()) for row in crashed.store.rows(DECISIONS)} == plain


def test_a_resolver_without_a_reader_refuses_all_rules() -> None:
    outside = Outside()
    take(outside, Resolver(SHIPPED, PARTITIONS), 0, rules("2 1"))
    assert words(outside) == [(1, "unreadable", 1)]
    assert outside.store.rows(DECISIONS)[0]["customer"] == NONE
