"""Why two identifiers are one customer, or two."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.identity.explain import explain, obstacles
from streams.identity.resolve import resolve
from streams.identity.rules import Refusal
from tests.streams.identity.alphabet import RULES, histories, link, member

A, B, C, D = (member(name).node for name in ("user_id 1", "email 1", "anonymous_id 1", "anonymous_id 2"))


def test_the_shortest_chain_of_accepted_pairs_explains_a_customer():
    found = resolve(
        [link("user_id 1", "email 1"), link("email 1", "anonymous_id 1", 1), link("user_id 1", "anonymous_id 2", 2)],
        RULES,
    )
    assert explain(found, D, C) == [(D, A), (A, B), (B, C)]
    assert explain(found, A, A) == []


def test_the_refused_pairs_between_two_customers_say_what_keeps_them_apart():
    found = resolve([link("user_id 1", "email 1"), link("user_id 2", "email 1", 1, 4)], RULES)
    two = member("user_id 2").node
    assert explain(found, A, two) == []
    assert obstacles(found, A, two) == {(B, two): Refusal("unique", "user_id")}
    assert obstacles(found, A, B) == {}


@settings(max_examples=200, deadline=None)
@given(histories, st.data())
def test_a_chain_leads_from_the_one_to_the_other_through_their_customer(history, data):
    found = resolve(history, RULES)
    for members in found.members.values():
        a, b = (data.draw(st.sampled_from(members)).node for _ in range(2))
        chain = explain(found, a, b)
        walk = [a, *(there for _, there in chain)]
        assert walk[-1] == b
        assert list(pairwise(walk)) == chain
        assert all(found.verdicts[min(ends), max(ends)] is None for ends in chain)
