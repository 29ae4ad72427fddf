"""Surveys and their answers: NPS 0-10, CSAT 1-5, CES 1-7."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.channel import HOUR, Channel
from schemas.scores import SCALES
from schemas.touchpoint import Properties, Text


class SurveyProperties(Properties):
    survey_id: Text | None = None
    survey_name: Text | None = None


class SurveySent(SurveyProperties):
    """The customer was asked."""

    event: ClassVar[str] = "Survey Sent"


class SurveyAnswered(SurveyProperties):
    """The customer answered."""

    event: ClassVar[str] = "Survey Answered"
    words: ClassVar[str] = "comment"
    metric: Literal["nps", "csat", "ces"]
    score: Annotated[float, Field(ge=0, le=10)]
    comment: Text | None = None

    def check(self) -> None:
        low, high = SCALES[self.metric]
        if not low <= self.score <= high:
            raise ValueError(f"score: {self.score:g} lies outside the {self.metric} scale; send {low} to {high}")


channel = Channel("survey", "what customers say when they are asked", 24 * HOUR, (SurveySent, SurveyAnswered))
