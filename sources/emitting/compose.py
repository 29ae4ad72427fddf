"""From what a program has at hand to a record: stamp, validate, find the key, write."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticSerializationError

from schemas.channel import Channel
from schemas.identifiers import key_of, strongest
from schemas.touchpoint import Touchpoint
from sources.emitting.ids import uuid7
from sources.emitting.record import Record
from throughline.clock import iso
from throughline.errors import Invalid


class Composer:
    """Makes records of touchpoints. Pure: the time is an argument."""

    def __init__(self, channels: Mapping[str, Channel], region: str, topic_prefix: str, max_bytes: int) -> None:
        self._channels, self._region = channels, region
        self._prefix, self._max_bytes = topic_prefix, max_bytes

    def compose(self, event: Touchpoint | Mapping[str, Any], now: int) -> tuple[str, Record]:
        """The event's id and its record. Raises `Invalid` that names the field and the remedy."""
        given = event.model_dump(exclude_unset=True) if isinstance(event, Touchpoint) else dict(event)
        given.setdefault("event_id", str(uuid7(now)))
        given.setdefault("sent_at", iso(now))
        touchpoint = _validate(self._channel(given).touchpoint_of(given.get("event")), given)
        value = _serialize(touchpoint)
        if len(value) > self._max_bytes:
            raise Invalid(f"the event has {len(value)} bytes, more than {self._max_bytes}; send less in properties")
        key = self._key(touchpoint)
        return touchpoint.event_id, Record(self.topic(touchpoint.channel), key, value, now)

    def topic(self, channel: str) -> str:
        """Raises `Invalid` for a channel that nobody has defined."""
        if channel not in self._channels:
            raise Invalid(f"{channel!r} is no channel; use one of {', '.join(sorted(self._channels))}", "channel")
        return f"{self._prefix}touchpoints.{channel}"

    def _channel(self, given: Mapping[str, Any]) -> Channel:
        name = given.get("channel")
        if not isinstance(name, str):
            raise Invalid(f"is missing or no text; use one of {', '.join(sorted(self._channels))}", "channel")
        self.topic(name)
        return self._channels[name]

    def _key(self, touchpoint: Touchpoint) -> bytes:
        found = strongest(touchpoint.identifiers.model_dump(exclude_none=True), self._region)
        if found is None:
            raise Invalid("no value names anybody; send at least one, such as anonymous_id or email", "identifiers")
        return key_of(*found).encode()


def _validate(model: type[Touchpoint], given: Mapping[str, Any]) -> Touchpoint:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise Invalid(f"{_reason(problems[0])}{more}", ".".join(map(str, problems[0]["loc"]))) from error


def _serialize(touchpoint: Touchpoint) -> bytes:
    try:
        return touchpoint.model_dump_json(exclude_unset=True).encode()
    except (PydanticSerializationError, UnicodeError) as error:
        raise Invalid(
            f"cannot be written as JSON ({error}); send text, numbers, true, false, lists and objects"
        ) from error


def _reason(problem: ErrorDetails) -> str:
    if problem["type"] == "missing":
        return "is missing; add it to the event"
    return problem["msg"].removeprefix("Value error, ")
