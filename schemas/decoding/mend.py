"""The slow lane: decides about a record that the fast lane did not take, and mends what pydantic accepts."""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from pydantic import ValidationError

from schemas.channel import Channel
from schemas.decoding.refusal import Refusal, explained, refusal
from schemas.decoding.screen import DEEPEST, depth
from schemas.identifiers import TYPES, strongest

Found = tuple[str, str, str]


class Mender:
    """`mend` gives the canonical bytes of an event, which the fast lane takes with the same values, or the refusal."""

    def __init__(self, channels: Mapping[str, Channel], largest: int, region: str, blocked: frozenset[str]) -> None:
        self._channels, self._largest, self._region, self._blocked = channels, largest, region, blocked

    def mend(self, channel: str, value: bytes | None) -> bytes | Refusal:
        if value is None:
            return refusal("tombstone", "", "the record has no value; send an event, or nothing")
        if len(value) > self._largest:
            return refusal(
                "too_large", "", f"{len(value)} bytes are more than {self._largest}; send less, or several events"
            )
        if channel not in self._channels:
            return self._unknown(channel)
        event = _parsed(value)
        return event if isinstance(event, Refusal) else self._validated(channel, event)

    def _validated(self, channel: str, event: dict[str, Any]) -> bytes | Refusal:
        named = event.get("channel", channel)
        if named != channel and isinstance(named, str):
            return self._elsewhere(channel, named)
        try:
            touchpoint = self._channels[channel].touchpoint_of(event.get("event")).model_validate(event)
        except ValidationError as error:
            return explained(error)
        if strongest(touchpoint.identifiers.model_dump(), self._region, self._blocked) is None:
            return refusal("missing_identifiers", "identifiers", _NOBODY)
        return touchpoint.model_dump_json(exclude_unset=True).encode()

    def _elsewhere(self, channel: str, named: str) -> Refusal:
        if named not in self._channels:
            return self._unknown(named)
        return refusal(
            "wrong_channel", "channel", f"the event says {named}, the topic is of {channel}; send it to the other"
        )

    def _unknown(self, channel: str) -> Refusal:
        known = ", ".join(sorted(self._channels))
        return refusal(
            "unknown_channel", "channel", f"{channel[:64]!r} is none; use {known}, or add a file to sources/channels"
        )


_NOBODY = f"none names anybody (blank, zeros, `null`, ...); send at least one real value of {', '.join(TYPES)}"


def _parsed(value: bytes) -> dict[str, Any] | Refusal:
    if depth(value) > DEEPEST:
        return refusal("too_deep", "", f"more than {DEEPEST} levels are nested; send flat properties")
    try:
        event = json.loads(value.decode(), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        return refusal("not_json", "", f"byte {error.start} is no UTF-8; send JSON in UTF-8")
    except json.JSONDecodeError as error:
        return refusal("not_json", "", f"{error.msg} at character {error.pos}; send one JSON object per record")
    except ValueError as error:
        return refusal("not_json", "", f"{error}; send null or leave the property out")
    if not isinstance(event, dict):
        return refusal("invalid", "", "the record is JSON but no object; send one event in braces")
    found = _spoiled(event, "")
    return refusal(*found) if found else event


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _spoiled(value: Any, path: str) -> Found | None:
    """The first text or number, with its path, that no store keeps as it is."""
    if isinstance(value, str):
        return _spoiled_text(value, path)
    if isinstance(value, float) and not isfinite(value):
        return "not_finite", path, "the number is beyond a double; send it as text, or leave it out"
    if isinstance(value, list):
        return _first(_spoiled(item, f"{path}.{index}") for index, item in enumerate(value))
    if isinstance(value, dict):
        return _first(
            _spoiled_text(key, path) or _spoiled(item, f"{path}.{key}" if path else key) for key, item in value.items()
        )
    return None


def _first(found: Any) -> Found | None:
    return next((one for one in found if one), None)


def _spoiled_text(text: str, path: str) -> Found | None:
    if "\0" in text:
        return "bad_text", path, "the text holds NUL (\\u0000); remove it"
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return "bad_text", path, "the text holds half of a surrogate pair; send whole characters"
    return None
