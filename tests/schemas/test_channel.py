from typing import ClassVar

import pytest

from schemas.channel import Channel
from schemas.touchpoint import Properties
from throughline.errors import ConfigurationError


class Waved(Properties):
    event: ClassVar[str] = "Waved"


def test_a_known_event_has_its_own_model_and_any_other_the_free_one() -> None:
    channel = Channel("street", "in the street", 1000, (Waved,))
    assert channel.touchpoint_of("Waved").model_fields["properties"].annotation is Waved
    assert channel.touchpoint_of("Shouted") is channel.touchpoint_of(7) is channel.free


@pytest.mark.parametrize("name", ["", "Street", "a-b", "9a", "x" * 33])
def test_a_name_must_fit_into_topics_and_columns(name: str) -> None:
    with pytest.raises(ConfigurationError, match="not a name"):
        Channel(name, "", 1000, ())


def test_an_event_that_stands_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="twice"):
        Channel("street", "", 1000, (Waved, Waved))


def test_an_event_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not at all"):
        Channel("street", "", 1000, (Properties,))
