"""From what a program has at hand to a record: stamp, validate, find the key, write."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from schemas.channel import Channel
from schemas.decoding.mend import Mender
from schemas.decoding.refusal import Refusal
from schemas.identifiers import key_of, strongest
from schemas.times import moment_of, to_ms
from schemas.topics import public_topic
from schemas.touchpoint import Touchpoint
from sources.emitting.ids import uuid7
from sources.emitting.record import Record
from throughline.clock import iso
from throughline.errors import Invalid
from throughline.settings import Settings

_DAY = 86_400_000
_decode = msgspec.json.Decoder().decode


class Composer:
    """Makes records of touchpoints, valid by the very rules of the intake. Pure: the time is an argument."""

    def __init__(self, channels: Iterable[Channel], settings: Settings) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._settings = settings
        largest, region = settings.intake.max_record_bytes, settings.identity.region
        self._mender = Mender(self._channels, largest, region, frozenset())

    def compose(self, event: Touchpoint | Mapping[str, Any], now: int) -> tuple[str, Record]:
        """The event's id and its record. Raises `Invalid` that names the field and the remedy."""
        given = event.model_dump(exclude_unset=True) if isinstance(event, Touchpoint) else dict(event)
        given.setdefault("event_id", str(uuid7(now)))
        given.setdefault("sent_at", iso(now))
        topic = self.topic(given.get("channel"))
        value = self._mender.mend(given["channel"], _json(given))
        if isinstance(value, Refusal):
            raise Invalid(value.message.removeprefix(f"{value.field}: "), value.field)
        sent = _decode(value)
        self._check_time(sent["original_timestamp"], now)
        return sent["event_id"], Record(topic, self._key(sent["identifiers"]), value, now)

    def topic(self, channel: object) -> str:
        """Raises `Invalid` for a channel that nobody has defined."""
        if not isinstance(channel, str) or channel not in self._channels:
            wrong = "is missing" if channel is None else f"{channel!r} is no channel"
            raise Invalid(f"{wrong}; use one of {', '.join(sorted(self._channels))}", "channel")
        return public_topic(channel, self._settings.topic_prefix)

    def _key(self, identifiers: Mapping[str, str | None]) -> bytes | None:
        named = strongest(identifiers, self._settings.identity.region)
        return key_of(*named).encode() if named else None

    def _check_time(self, text: str, now: int) -> None:
        at, earliest = to_ms(moment_of(text)), self._settings.intake.earliest_ms
        if not earliest <= at <= now + _DAY:
            limits = f"{iso(earliest)} and a day from now"
            raise Invalid(f"{text} does not lie between {limits}; correct the clock", "original_timestamp")


def _json(event: Mapping[str, Any]) -> bytes:
    # Escapes what is no text and keeps NaN, so that the mender sees both and says what is wrong.
    try:
        return json.dumps(event, default=_plain).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Invalid(f"cannot be written as JSON ({error}); send text, numbers, lists and objects") from error


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(f"{value!r} is of type {type(value).__name__}")
