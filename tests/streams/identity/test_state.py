"""`IdentityState` says what `resolve` says after every claim; its outcomes are the differences of two resolutions."""

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.identity.resolve import resolve
from streams.identity.state import IdentityState
from tests.streams.identity.alphabet import RULES, claims, histories
from tests.streams.identity.difference import difference

long_histories = st.lists(claims, min_size=8, max_size=40)


@settings(max_examples=1000, deadline=None)
@given(st.one_of(histories, long_histories))
def test_every_prefix_equals_the_whole_history(history):
    state = IdentityState(RULES)
    before = resolve([], RULES)
    for seq, claim in enumerate(history, 1):
        outcome = state.apply(seq, claim)
        after = resolve(history[:seq], RULES)
        assert state.resolution() == after
        assert outcome == difference(history[:seq], before, after, RULES)
        before = after


@settings(max_examples=300, deadline=None)
@given(histories, st.lists(claims, max_size=10))
def test_a_loaded_state_goes_on_like_one_that_lived(history, more):
    lived, loaded = IdentityState(RULES), IdentityState.of(history, RULES)
    for seq, claim in enumerate(history, 1):
        lived.apply(seq, claim)
    assert loaded.resolution() == lived.resolution()
    for seq, claim in enumerate(more, len(history) + 1):
        assert loaded.apply(seq, claim) == lived.apply(seq, claim)
