"""The part of the AsyncAPI document that others may follow: identity.decisions."""

from typing import Any

import msgspec

from schemas.messages import Decided
from schemas.topics import DECISIONS, Topic
from throughline.settings import Settings

Document = dict[str, Any]
NAME = "identity_decisions"
KEY = {"type": "string", "format": "uuid", "description": "customer_id of the customer that the decision is about"}


def topic_of(topics: dict[str, Topic], settings: Settings) -> Topic:
    """The topic as this installation holds it."""
    return topics[settings.topic_prefix + DECISIONS]


def operation() -> Document:
    return {"action": "send", "channel": {"$ref": f"#/channels/{NAME}"}, "summary": "every decision on identity"}


def message() -> Document:
    return {
        "name": Decided.__name__,
        "title": "A decision on identity",
        "summary": "With its reason and what it rests on. At least once: seq, kind, a and b name it.",
        "payload": {"$ref": f"#/components/schemas/{Decided.__name__}"},
        "bindings": {"kafka": {"key": KEY, "bindingVersion": "0.5.0"}},
    }


def schema() -> Document:
    """By its name."""
    _, components = msgspec.json.schema_components([Decided], ref_template="#/components/schemas/{name}")
    return {Decided.__name__: {**components[Decided.__name__], "description": (Decided.__doc__ or "").strip()}}
