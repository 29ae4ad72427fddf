"""`IdentityState` says what `resolve` says after every claim; its outcomes are the differences of two resolutions."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.messages import Claim
from streams.identity.outcome import NOTHING
from streams.identity.resolve import resolve
from streams.identity.state import IdentityState
from tests.streams.identity.alphabet import (
    RULES,
    claims,
    cut,
    histories,
    link,
    member,
    release,
    uncut,
    unrelease,
    walk,
)
from tests.streams.identity.difference import difference, plain, unfounded

long_histories = st.lists(claims, min_size=8, max_size=40)


@settings(max_examples=300, deadline=None)
@given(st.one_of(histories, long_histories))
def test_every_prefix_equals_the_whole_history(history):
    state = IdentityState(RULES)
    before = resolve([], RULES)
    for seq, claim in enumerate(history, 1):
        outcome = state.apply(seq, claim)
        after = resolve(history[:seq], RULES)
        assert state.resolution() == after
        assert plain(outcome) == difference(history[:seq], before, after, RULES)
        assert not [*unfounded(outcome, history[:seq], after)]
        before = after


@settings(max_examples=300, deadline=None)
@given(histories, st.lists(claims, max_size=10))
def test_a_loaded_state_goes_on_like_one_that_lived(history, more):
    lived, loaded = IdentityState(RULES), IdentityState.of(history, RULES)
    for seq, claim in enumerate(history, 1):
        lived.apply(seq, claim)
    assert (
        IdentityState.of(history, RULES).resolution() == lived.resolution()
    )  # another: it decides all that lies at rest
    for seq, claim in enumerate(more, len(history) + 1):
        assert loaded.apply(seq, claim) == lived.apply(seq, claim)


@pytest.mark.parametrize("seed", range(60))
def test_a_long_walk_stays_equal(seed):
    """Deeper than examples that shrink: up to 60 claims, with more or less of cuts, quarantine and disorder."""
    random = Random(seed)
    rules = replace(RULES, quarantine_at=random.choice([3, 4, 5, 99]))
    history = walk(random)
    state, before = IdentityState(rules), resolve([], rules)
    for seq, claim in enumerate(history, 1):
        outcome = state.apply(seq, claim)
        after = resolve(history[:seq], rules)
        assert state.resolution() == after
        assert plain(outcome) == difference(history[:seq], before, after, rules)
        assert not [*unfounded(outcome, history[:seq], after)]
        before = after
    assert IdentityState.of(random.sample(history, len(history)), rules).resolution() == before


@pytest.mark.parametrize("thousand", range(10))
def test_order_repetition_and_splits_do_not_matter(thousand):
    """Half of it loaded at once, the rest claim by claim; 10,000 histories."""
    for seed in range(1000 * thousand, 1000 * thousand + 1000):
        random = Random(seed)
        history = walk(random, lengths=range(2, 11))
        shuffled = history + random.choices(history, k=random.randint(0, 3))
        random.shuffle(shuffled)
        split = random.randint(0, len(shuffled))
        state = IdentityState.of(shuffled[:split], RULES)
        for seq, claim in enumerate(shuffled[split:], split + 1):
            state.apply(seq, claim)
        assert state.resolution() == resolve(history, RULES)


def test_a_withdrawal_that_names_others_than_its_cut_tells_the_same_after_a_load():
    said = [link("user_id 1", "email 1", level=3), cut(1, "user_id 1", "email 1"), link("email 1", "anonymous_id 1", 1)]
    lived, loaded = IdentityState(RULES), IdentityState.of(said, RULES)
    for seq, claim in enumerate(said, 1):
        lived.apply(seq, claim)
    taken_back = uncut(1, "email 2", "anonymous_id 3")
    outcome = loaded.apply(9, taken_back)
    assert outcome == lived.apply(9, taken_back)
    assert [change.customer for change in outcome.changes if change.members] == [member("user_id 1").node]


def test_a_withdrawal_that_names_another_than_its_release_tells_the_same_after_a_load():
    said = [release(1, "email 1"), *(link("email 1", f"anonymous_id {n}", n * 9) for n in range(5))]
    lived, loaded = IdentityState(RULES), IdentityState.of(said, RULES)
    for seq, claim in enumerate(said, 1):
        lived.apply(seq, claim)
    taken_back = unrelease(1, "email 2")
    outcome = loaded.apply(9, taken_back)
    assert outcome == lived.apply(9, taken_back)
    assert outcome.decisions[1].kind == "quarantine"


def test_the_newest_pair_of_a_customer_is_the_last_with_an_end_in_it():
    state = IdentityState(RULES)
    claims = link("user_id 1", "email 1", 5), link("user_id 2", "email 1", 7), link("email 1", "anonymous_id 1", 2)
    for seq, claim in enumerate(claims, 1):
        state.apply(seq, claim)
    user, other, email = (member(name).node for name in ("user_id 1", "user_id 2", "email 1"))
    assert state.newest(user) == state.newest(other) == (7, email, other)
    assert state.newest(email) is None
    assert [m.type for m in state.members(user)] == ["anonymous_id", "email", "user_id"]


def test_a_claim_that_teaches_nothing_has_no_outcome():
    state = IdentityState(RULES)
    state.apply(1, link("user_id 1", "email 1", 5, 2))
    assert state.apply(2, link("email 1", "user_id 1", 6, 1)) == NOTHING
    assert state.apply(3, link("email 1", "user_id 1", 5, 4)) == NOTHING
    assert state.apply(4, link("email 1", "email 1")) == NOTHING


def test_an_unknown_kind_of_claim_is_an_error_that_names_the_field():
    with pytest.raises(ValueError, match="claim 7: kind is 'merge'"):
        IdentityState(RULES).apply(7, Claim("merge", member("email 1"), member("email 2"), 0, 0, "", bytes(16)))
