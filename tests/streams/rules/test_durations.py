"""Durations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.rules.durations import MOST, milliseconds, written


def test_a_duration_is_a_number_and_a_unit() -> None:
    assert [milliseconds(text) for text in ("30 min", "7 d", "1h", "90 s", "5 ms")] == [
        1_800_000, 604_800_000, 3_600_000, 90_000, 5,
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "7", "d", "7 days", "-7 d", "1.5 h", " 7 d", "7  d", 7, None, "٣ d", "40000 d"])
def test_anything_else_is_none(text: object) -> None:
    with pytest.raises(ValueError, match=r"write a number|longer than"):
        milliseconds(text)


@given(st.integers(0, MOST))
def test_what_is_written_is_read_again(ms: int) -> None:
    assert milliseconds(written(ms)) == ms
