from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.times import BAD, moment_of, parse_all, to_ms, to_text

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=zones)
junk = st.sampled_from(
    [
        "", "now", "2026-11-25", "2026-02-29T00:00:00.000Z", "2026-11-25T24:00:00.000Z", "2026-11-25T07:12:60.000Z",
        "2026-11-25T07-12:03.000Z", "2026-00-25T07:12:03.000Z", "2026-11-25T07:12:03.0\u06630Z",
        "+026-11-25T07:12:03.000Z", "2026-11-25T07:12:03.000X", "2026-11-25T07:12:03.000",
    ]
)  # fmt: skip


def scalar(text: str) -> int:
    try:
        return to_ms(moment_of(text))
    except ValueError:
        return BAD


@given(st.lists(moments.map(to_text) | moments.map(lambda moment: moment.isoformat()) | junk))
def test_a_slice_is_parsed_as_each_text_alone(texts: list[str]) -> None:
    assert parse_all(texts).tolist() == [scalar(text) for text in texts]


@given(st.lists(moments.map(to_text), min_size=1))
def test_canonical_texts_come_back(texts: list[str]) -> None:
    assert [
        to_text(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)) for ms in parse_all(texts).tolist()
    ] == texts


def test_fractions_are_cut_to_milliseconds() -> None:
    assert scalar("2026-11-25T07:12:03.9999Z") == scalar("2026-11-25T07:12:03.999Z")
    assert scalar("2026-11-25T07:12:03Z") == scalar("2026-11-25 08:12:03.000+01:00")


@pytest.mark.parametrize("text", ["2026-11-25T07:12:03.000", "2026-11-25", "1764055923000"])
def test_a_refusal_shows_a_good_example(text: str) -> None:
    with pytest.raises(ValueError, match="send it as 2026-11-25T07:12:03"):
        moment_of(text)


def test_a_day_that_is_not_in_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="calendar"):
        moment_of("2026-02-30T00:00:00Z")
