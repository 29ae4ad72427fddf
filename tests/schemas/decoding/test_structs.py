from typing import Annotated, Any, ClassVar

import pytest
from pydantic import AfterValidator, Field, field_validator

from schemas.decoding.structs import struct_of
from schemas.touchpoint import Properties, Text
from throughline.errors import ConfigurationError


class Odd(Properties):
    event: ClassVar[str] = "Odd"
    table: dict[str, int] | None = None


class Shouting(Properties):
    event: ClassVar[str] = "Shouting"
    text: Annotated[str, AfterValidator(str.upper)]


class Guarded(Properties):
    event: ClassVar[str] = "Guarded"
    text: Text | None = None

    @field_validator("text")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return value


class Matching(Properties):
    event: ClassVar[str] = "Matching"
    text: Annotated[str, Field(pattern="^a")]


@pytest.mark.parametrize("model", [Odd, Shouting, Guarded, Matching])
def test_a_model_that_the_fast_lane_cannot_check_is_refused_at_start(model: type[Properties]) -> None:
    with pytest.raises(ConfigurationError, match="fast lane"):
        struct_of(model)
