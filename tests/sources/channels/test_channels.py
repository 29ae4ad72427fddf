import json
from typing import Any

import pytest

from schemas.channel import Channel
from schemas.decode import Decoder, DecodeRules
from schemas.times import moment_of, to_ms
from schemas.touchpoint import Properties
from sources.channels import discover

NOW = to_ms(moment_of("2026-11-25T12:00:00Z"))
EVENTS = [(channel, model) for channel in discover() for model in channel.events]


def event(channel: Channel, model: type[Properties], properties: dict[str, Any]) -> bytes:
    body = {
        "event_id": "e1",
        "event": model.event,
        "channel": channel.name,
        "source": "test",
        "original_timestamp": "2026-11-25T12:00:00.000Z",
        "identifiers": {"user_id": "u1"},
        "properties": properties,
    }
    return json.dumps(body).encode()


def filled(model: type[Properties]) -> dict[str, Any]:
    """A value of the right kind for every property, judged by the JSON schema that we publish."""
    schema = model.model_json_schema()
    return {name: sample(name, part, schema) for name, part in schema["properties"].items()}


def sample(name: str, part: dict[str, Any], schema: dict[str, Any]) -> Any:
    if "$ref" in part:
        target = schema["$defs"][part["$ref"].rsplit("/", 1)[1]]
        return {name: sample(name, inner, schema) for name, inner in target["properties"].items()}
    if "anyOf" in part:
        return sample(name, part["anyOf"][0], schema)
    if "enum" in part:
        return part["enum"][0]
    kinds = {"string": "EUR", "number": 1.5, "integer": 2, "boolean": True}
    return [sample(name, part["items"], schema)] if part["type"] == "array" else kinds[part["type"]]


def test_the_channels_of_a_business_are_there() -> None:
    names = [channel.name for channel in discover()]
    assert names == ["app", "chat", "email", "phone", "post", "social", "store", "survey", "website"]


@pytest.mark.parametrize(
    ("channel", "model"), EVENTS, ids=lambda part: getattr(part, "event", getattr(part, "name", None))
)
def test_an_event_with_every_property_takes_the_fast_lane(channel: Channel, model: type[Properties]) -> None:
    value = event(channel, model, filled(model))
    decoder = Decoder([channel], DecodeRules(node_key=b"k" * 32, partitions=8))
    decoded = decoder.decode(f"touchpoints.{channel.name}", 0, [value], [1], [NOW], [None])
    assert decoded.dead == []
    assert decoded.raws == [value]


@pytest.mark.parametrize(
    ("channel", "model"), EVENTS, ids=lambda part: getattr(part, "event", getattr(part, "name", None))
)
def test_every_event_says_what_it_means(channel: Channel, model: type[Properties]) -> None:
    assert model.__doc__ and model.__doc__.strip().endswith(".")


@pytest.mark.parametrize(
    ("metric", "score"), [("nps", 11), ("nps", -1), ("csat", 0), ("csat", 6), ("ces", 0), ("ces", 8)]
)
def test_a_score_outside_its_scale_is_a_dead_letter(metric: str, score: float) -> None:
    (survey,) = [channel for channel in discover() if channel.name == "survey"]
    answered = next(model for model in survey.events if model.event == "Survey Answered")
    value = event(survey, answered, {"metric": metric, "score": score})
    decoded = Decoder([survey], DecodeRules(node_key=b"k" * 32, partitions=8)).decode(
        "touchpoints.survey", 0, [value], [1], [NOW], [None]
    )
    assert [(dead.reason, dead.field) for dead in decoded.dead] == [("invalid", "properties.score")]
