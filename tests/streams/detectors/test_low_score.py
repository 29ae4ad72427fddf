"""low_score: which answers are bad."""

import pytest

from schemas.fact import Signal
from streams.fold.fold import fold
from tests.streams.fold.histories import RULES, START, fact


def signals(metric: str, score: float, channel: str = "survey", event: str = "Survey Answered") -> tuple[Signal, ...]:
    answer = fact(channel, event, 0, metric=metric, score=score, location="checkout")
    return fold([answer], RULES, START)[answer.key].signals


@pytest.mark.parametrize(("metric", "score"), [("nps", 6), ("nps", 0), ("csat", 2), ("csat", 1), ("ces", 3)])
def test_an_answer_at_the_bad_end_is_a_low_score(metric: str, score: float) -> None:
    assert [signal.name for signal in signals(metric, score)] == ["low_score"]


@pytest.mark.parametrize(("metric", "score"), [("nps", 7), ("nps", 6.5), ("csat", 3), ("ces", 4), ("", 0)])
def test_a_better_answer_or_another_scale_is_none(metric: str, score: float) -> None:
    assert signals(metric, score) == ()


def test_the_signal_says_when_where_and_what() -> None:
    assert signals("nps", 3) == (Signal("low_score", START, "checkout", "NPS of 3 out of 10"),)


def test_a_survey_inside_a_chat_counts() -> None:
    assert signals("csat", 1, "chat", "Survey Answered") != ()


def test_a_score_on_an_event_that_is_no_survey_does_not() -> None:
    assert signals("csat", 1, "website", "Page Viewed") == ()
