"""Two sets of rules over the same claims: what the comparison says is what the two resolutions say."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from streams.identity.resolve import resolve
from streams.rehearsal.comparison import Comparison, compare
from streams.rehearsal.grouping import Grouping, group
from tests.streams.identity.alphabet import RULES, cut, histories, link, member

LOOSE = replace(RULES, quarantine_at=50, trusted_level=0)
A, B, C = (member(f"email {n}").node for n in (1, 2, 3))
CARD = member("loyalty_id 1").node


def compared(claims, before=RULES, after=LOOSE) -> Comparison:
    return compare(group(claims, before), group(claims, after))


def limited(email: int):
    types = tuple(replace(rule, limit=email) if rule.name == "email" else rule for rule in RULES.types)
    return replace(RULES, types=types)


CARD_OF_THREE = [link("loyalty_id 1", f"email {n}", at=n) for n in (1, 2, 3)]
THREE, ONE = limited(3), limited(1)


def test_a_lower_limit_splits_a_customer() -> None:
    found = compared(CARD_OF_THREE, THREE, ONE)
    assert found.split == [(CARD, (B, C, CARD))]
    assert found.merged == []
    assert found.customers == (1, 3)
    assert found.moved == [B, C]


def test_a_higher_limit_merges_them() -> None:
    found = compared(CARD_OF_THREE, ONE, THREE)
    assert found.merged == [(CARD, (B, C, CARD))]
    assert found.split == []
    assert found.customers == (3, 1)


def test_the_same_rules_change_nothing() -> None:
    assert compared(CARD_OF_THREE, THREE, THREE).parts == ()


def test_another_rank_gives_a_customer_another_name_and_nothing_else() -> None:
    types = tuple(replace(rule, rank=0) if rule.name == "email" else rule for rule in RULES.types)
    found = compared([link("loyalty_id 1", "email 1")], RULES, replace(RULES, types=types))
    assert [part.renamed for part in found.parts] == [True]
    assert found.moved == sorted([A, CARD])
    assert found.customers == (1, 1)


def test_what_an_operator_said_holds_under_any_rules() -> None:
    assert compared([*CARD_OF_THREE, cut(1, "email 2", "loyalty_id 1")], ONE, THREE).merged == [(CARD, (C, CARD))]


def test_identifiers_of_transactions_are_no_customers() -> None:
    assert compared([link("order_id 1", "email 1")]).customers == (1, 1)


def test_the_largest_customers_come_first_and_single_identifiers_not_at_all() -> None:
    found = group([*CARD_OF_THREE, link("crm_id 1", "user_id 1"), link("order_id 1", "crm_id 2")], THREE)
    assert found.largest(5) == [(CARD, 4), (member("user_id 1").node, 2)]


def test_an_identifier_that_leaves_quarantine_is_let_in() -> None:
    crowd = [link("email 1", f"crm_id {n}", at=n) for n in range(4)]
    found = compared(crowd)
    assert (found.before.quarantined, found.after.quarantined) == ({A}, frozenset())


limits = st.builds(lambda rules, limit, level: replace(limited(limit), **rules, trusted_level=level),
                   st.sampled_from([{"quarantine_at": 3}, {"quarantine_at": 50}]), st.integers(1, 4), st.integers(0, 4))  # fmt: skip


def partition(grouping: Grouping, nodes) -> set[frozenset[bytes]]:
    found: dict[bytes, set[bytes]] = {}
    for node in nodes:
        found.setdefault(grouping.of(node), set()).add(node)
    return {frozenset(some) for some in found.values()}


@given(histories, limits, limits)
def test_parts_hold_exactly_the_customers_that_differ(claims, before, after) -> None:
    found = compared(claims, before, after)
    nodes = found.before.customer_of.keys()
    inside = [node for part in found.parts for node in part.nodes]
    assert len(inside) == len(set(inside))
    same = nodes - set(inside)
    assert all(found.before.of(node) == found.after.of(node) for node in same)
    assert partition(found.before, same) == partition(found.after, same)
    for part in found.parts:
        assert part.before != part.after
        assert sorted(n for some in part.after.values() for n in some) == part.nodes
        assert part.merged or part.split or part.renamed


@given(histories, limits, limits)
def test_customers_of_a_grouping_are_those_of_resolve(claims, before, after) -> None:
    for rules in (before, after):
        expected, found = resolve(claims, rules), group(claims, rules)
        assert {node: expected.customer_of[node] for node in found.customer_of} == found.customer_of
        assert (found.quarantined, found.shared) == (expected.quarantined, expected.shared)


@given(histories, limits, limits)
def test_back_again_is_the_reverse(claims, before, after) -> None:
    there, back = compared(claims, before, after), compared(claims, after, before)
    assert (there.merged, there.split, there.moved) == (back.split, back.merged, back.moved)
