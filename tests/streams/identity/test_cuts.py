"""Cuts and their withdrawals are a set: their order does not matter."""

from hypothesis import given
from hypothesis import strategies as st

from streams.identity.cuts import Cuts

ENDS = [(b"a", b"b"), (b"a", b"c"), (b"b", b"c")]
words = st.lists(st.tuples(st.sampled_from(["cut", "uncut"]), st.sampled_from([b"1", b"2"]), st.sampled_from(ENDS)))


def told(words):
    cuts = Cuts()
    for word, id, ends in words:
        cuts.add(id, ends) if word == "cut" else cuts.withdraw(id)
    return cuts


@given(words, st.randoms(use_true_random=False))
def test_any_order_keeps_the_same_pairs_apart(words, random):
    shuffled = words + words[:2]
    random.shuffle(shuffled)
    assert told(shuffled).apart == told(words).apart
    assert told(shuffled).active == told(words).active


@given(words)
def test_a_pair_is_apart_while_one_of_its_cuts_holds(words):
    apart = told(words).apart
    withdrawn = {id for word, id, _ in words if word == "uncut"}
    holding = {ends for word, id, ends in words if word == "cut" and id not in withdrawn}
    assert {(a, b) for a, kept in apart.items() for b in kept if a < b} == holding


def test_only_what_changes_is_told():
    cuts = Cuts()
    assert cuts.add(b"1", ENDS[0]) == "holds"
    assert cuts.add(b"1", ENDS[0]) == "known"
    assert cuts.withdraw(b"1") == [ENDS[0]]
    assert cuts.withdraw(b"1") is None
    assert cuts.add(b"1", ENDS[1]) == "withdrawn"


def test_nothing_is_kept_apart_from_itself():
    cuts = Cuts()
    cuts.add(b"1", (b"a", b"a"))
    assert not cuts.apart
    assert cuts.withdraw(b"1") == [(b"a", b"a")]
