import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decoding.screen import depth, suspects

CLEAN = json.dumps({"id": "4e123456-5e999-0000", "text": 'a "quoted" {[', "n": [1.5e10, -3, 1e-400]}).encode()
SUSPECT = {
    "NUL": b'{"a":"\\u0000"}',
    "no UTF-8": b'{"a":"\xff"}',
    "1e999": b'{"a":1e999}',
    "1E+400": b"[1E+400 ]",
    "leading zeros": b'{"a":1e0000400}',
    "400 digits": b'{"a":' + b"7" * 400 + b"}",
    "33 levels": b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
}


@pytest.mark.parametrize("name", SUSPECT)
@pytest.mark.parametrize("place", [0, 1, 600])
def test_one_suspect_among_many_is_found(name: str, place: int) -> None:
    records = [CLEAN] * 700
    records[place] = SUSPECT[name]
    assert suspects(records) == {place}


def test_nothing_is_found_in_nothing() -> None:
    assert suspects([]) == set()
    assert suspects([b"1"]) == set()


def test_halves_of_a_letter_in_two_records_are_both_suspect() -> None:
    letter = "é".encode()
    assert suspects([b'"' + letter[:1], letter[1:] + b'"']) == {0, 1}


@given(
    st.recursive(st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_depth_counts_levels_and_no_brackets_in_text(value: object) -> None:
    assert depth(json.dumps(value).encode()) == levels(value)


def levels(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(levels, inner), default=0)


def test_depth_of_endless_quotes_takes_no_endless_time() -> None:
    assert depth(b'"\\' * 100_000) == 0
