"""Chunks tile the offsets of a partition, and name those that the log does not hold."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from streams.transport.chunk import Chunk, chunk_of, columns_of


def record(offset: int, value: bytes | None = b"v", headers=()):
    return SimpleNamespace(offset=offset, timestamp=1000 + offset, key=b"k", value=value, headers=headers)


def chunk(offsets: list[int], expected: int | None, following: int) -> Chunk:
    return chunk_of(("t", 3, 7), (expected, following), columns_of([record(offset) for offset in offsets]))


def test_records_become_parallel_lists():
    made = chunk_of(("t", 3, 7), (5, 7), columns_of([record(5, b"abc"), record(6, b"de")]))
    assert (made.topic, made.partition, made.generation) == ("t", 3, 7)
    assert (made.offsets, made.values, made.timestamps) == ([5, 6], [b"abc", b"de"], [1005, 1006])
    assert (made.keys, made.size, len(made)) == ([b"k", b"k"], 5, 2)


def test_a_tombstone_stays_none_and_weighs_nothing():
    made = chunk_of(("t", 0, 0), (0, 2), columns_of([record(0, None), record(1, b"x")]))
    assert made.values == [None, b"x"]
    assert made.size == 1


def test_headers_are_kept_for_the_records_that_have_some():
    made = chunk_of(("t", 0, 0), (0, 2), columns_of([record(0), record(1, headers=[("h", b"1")])]))
    assert made.headers == {1: [("h", b"1")]}


def test_a_full_chunk_has_no_gaps():
    assert list(chunk([5, 6, 7], 5, 8).gaps()) == []


def test_gaps_before_inside_and_after_are_named():
    assert list(chunk([5, 6, 9], 3, 12).gaps()) == [(3, 5), (7, 9), (10, 12)]


def test_a_chunk_without_expectation_begins_at_its_first_record():
    assert list(chunk([5, 6], None, 7).gaps()) == []


def test_a_position_that_jumped_back_makes_no_gap():
    assert list(chunk([5, 6], 1000, 7).gaps()) == []


@given(st.sets(st.integers(0, 60), min_size=1), st.integers(0, 5), st.integers(1, 5))
def test_offsets_and_gaps_tile_the_chunk(offsets, before, after):
    listed = sorted(offsets)
    made = chunk(listed, max(0, listed[0] - before), listed[-1] + after)
    holes = [offset for start, end in made.gaps() for offset in range(start, end)]
    assert sorted(holes + made.offsets) == list(range(made.first_offset, made.next_offset))
