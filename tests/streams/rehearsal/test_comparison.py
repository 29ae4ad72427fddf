"""Two sets of rules over the same claims: what the comparison says is what the two resolutions say."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from schemas.links import Recorded, links_of
from streams.identity.resolve import resolve
from streams.rehearsal.comparison import Comparison, compare
from tests.streams.identity.alphabet import RULES, cut, histories, link, member

LOOSE = replace(RULES, quarantine_at=50, trusted_level=0)
A, B, C = (member(f"email {n}").node for n in (1, 2, 3))
CARD = member("loyalty_id 1").node


def compared(claims, before=RULES, after=LOOSE) -> Comparison:
    words = tuple((seq, claim) for seq, claim in enumerate(claims, 1) if claim.kind != "link")
    return compare(Recorded(links_of(claims), words), before, after)


def limited(email: int):
    types = tuple(replace(rule, limit=email) if rule.name == "email" else rule for rule in RULES.types)
    return replace(RULES, types=types)


CARD_OF_THREE = [link("loyalty_id 1", f"email {n}", at=n) for n in (1, 2, 3)]
THREE, ONE = limited(3), limited(1)


def test_a_lower_limit_splits_a_customer() -> None:
    found = compared(CARD_OF_THREE, THREE, ONE)
    assert found.split == [(CARD, (B, C, CARD))]
    assert found.merged == []
    assert found.moved == [B, C]


def test_a_higher_limit_merges_them() -> None:
    found = compared(CARD_OF_THREE, ONE, THREE)
    assert found.merged == [(CARD, (B, C, CARD))]
    assert found.split == []


def test_the_same_rules_change_nothing() -> None:
    assert compared(CARD_OF_THREE, THREE, THREE).parts == ()


def test_another_rank_gives_a_customer_another_name_and_nothing_else() -> None:
    types = tuple(replace(rule, rank=0) if rule.name == "email" else rule for rule in RULES.types)
    found = compared([link("loyalty_id 1", "email 1")], RULES, replace(RULES, types=types))
    assert [part.renamed for part in found.parts] == [True]
    assert found.moved == sorted([A, CARD])


def test_what_an_operator_said_holds_under_any_rules() -> None:
    assert compared([*CARD_OF_THREE, cut(1, "email 2", "loyalty_id 1")], ONE, THREE).merged == [(CARD, (C, CARD))]


def test_the_largest_are_those_of_now_that_stay_and_those_that_differ_as_they_will_be() -> None:
    other = bytes(16)
    assert compared(CARD_OF_THREE, ONE, THREE).largest([(other, 3), (CARD, 2)], 2) == [(CARD, 4), (other, 3)]
    assert compared(CARD_OF_THREE, THREE, ONE).largest([(CARD, 4), (other, 3)], 2) == [(other, 3), (CARD, 2)]


def test_an_identifier_that_leaves_quarantine_is_let_in() -> None:
    crowd = [link("email 1", f"crm_id {n}", at=n) for n in range(4)]
    assert compared(crowd).turned == {"unquarantine": (A,)}
    assert compared(crowd, LOOSE, RULES).turned == {"quarantine": (A,)}


limits = st.builds(lambda rules, limit, level: replace(limited(limit), **rules, trusted_level=level),
                   st.sampled_from([{"quarantine_at": 3}, {"quarantine_at": 50}]), st.integers(1, 4), st.integers(0, 4))  # fmt: skip


@given(histories, limits, limits)
def test_parts_hold_exactly_the_customers_that_differ(claims, before, after) -> None:
    old, new = resolve(claims, before), resolve(claims, after)
    found = compared(claims, before, after)
    inside = [node for part in found.parts for node in part.nodes]
    assert len(inside) == len(set(inside))
    for part in found.parts:
        for customers, expected in ((part.before, old), (part.after, new)):
            members = {customer: tuple(m.node for m in expected.members[customer]) for customer in customers}
            assert customers == members
        assert part.before != part.after
        assert part.merged or part.split or part.renamed
    for customer, members in old.members.items():
        if customer not in inside:
            assert new.members[customer] == members


@given(histories, limits, limits)
def test_identifiers_that_turn_are_those_that_the_resolutions_leave_out(claims, before, after) -> None:
    old, new = resolve(claims, before), resolve(claims, after)
    turned = compared(claims, before, after).turned
    assert set(turned.get("quarantine", ())) == new.quarantined - old.quarantined
    assert set(turned.get("share", ())) == new.shared - old.shared


@given(histories, limits, limits)
def test_back_again_is_the_reverse(claims, before, after) -> None:
    there, back = compared(claims, before, after), compared(claims, after, before)
    assert sorted(there.merged) == sorted(back.split)
    assert there.moved == back.moved
