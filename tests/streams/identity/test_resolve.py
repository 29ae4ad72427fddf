"""`resolve` against its definition."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.identity.resolve import resolve
from tests.streams.identity.alphabet import RULES, histories, links, walk
from tests.streams.identity.reference import reference


def agree(history, rules):
    customer_of, reasons, quarantined, shared = reference(history, rules)
    found = resolve(history, rules)
    assert (found.customer_of, found.quarantined, found.shared) == (customer_of, quarantined, shared)
    assert found.verdicts == reasons
    assert {m.node: c for c, members in found.members.items() for m in members} == customer_of


@settings(max_examples=500, deadline=None)
@given(histories)
def test_it_equals_the_definition(history):
    agree(history, RULES)


@pytest.mark.parametrize("thousand", range(10))
def test_a_thousand_short_histories_equal_the_definition(thousand):
    for seed in range(1000 * thousand, 1000 * thousand + 1000):
        random = Random(seed)
        agree(walk(random, lengths=range(2, 11)), replace(RULES, quarantine_at=random.choice([3, 4, 99])))


@settings(max_examples=500, deadline=None)
@given(histories, st.lists(links, max_size=3), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(history, more, random):
    history += more
    shuffled = history + random.choices(history, k=3) if history else []
    random.shuffle(shuffled)
    assert resolve(shuffled, RULES) == resolve(history, RULES)
