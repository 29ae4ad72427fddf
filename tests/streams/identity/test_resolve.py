"""`resolve` against its definition, and the rules one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.identity.resolve import resolve
from tests.streams.identity.alphabet import RULES, histories, links
from tests.streams.identity.reference import reference


@settings(max_examples=3000, deadline=None)
@given(histories)
def test_it_equals_the_definition(history):
    customer_of, reasons, quarantined, shared = reference(history, RULES)
    found = resolve(history, RULES)
    assert (found.customer_of, found.quarantined, found.shared) == (customer_of, quarantined, shared)
    assert found.verdicts == reasons
    assert {m.node: c for c, members in found.members.items() for m in members} == customer_of


@settings(max_examples=300, deadline=None)
@given(histories, st.lists(links, max_size=3), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(history, more, random):
    history += more
    shuffled = history + random.choices(history, k=3) if history else []
    random.shuffle(shuffled)
    assert resolve(shuffled, RULES) == resolve(history, RULES)
