"""JSON Schema 2020-12 of the events of one channel."""

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from schemas.channel import Channel
from schemas.touchpoint import Touchpoint

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def channel_schema(channel: Channel) -> Schema:
    """Valid is an event of the channel under any name; under a known name its properties have the types of that event.

    The rules that join several fields (`check` of a model), blocked identifiers and times are left to the decoder.
    """
    definitions = definitions_of([channel], "#/$defs/{model}")
    return {
        "$schema": DIALECT,
        "$id": f"urn:throughline:touchpoints:{channel.name}",
        "title": f"touchpoints.{channel.name}",
        "description": f"Events of the channel {channel.name}: {channel.description}.",
        **{
            key: value
            for key, value in definitions[channel.free.__name__].items()
            if key in ("type", "properties", "required")
        },
        "allOf": [_known(name, model) for name, model in channel.touchpoints.items()],
        "$defs": definitions,
    }


def _known(name: str, model: type[Touchpoint]) -> Schema:
    named = {"properties": {"event": {"const": name}}, "required": ["event"]}
    return {"if": named, "then": {"$ref": f"#/$defs/{model.__name__}"}}


def definitions_of(channels: Iterable[Channel], reference: str) -> Schema:
    """The schema of every model of these channels by its name; `reference` is where `{model}` will stand."""
    models = [model for channel in channels for model in (*channel.touchpoints.values(), channel.free)]
    _, schema = models_json_schema([(model, "validation") for model in models], ref_template=reference)
    definitions: Schema = schema["$defs"]
    return definitions
