"""The fast lane of one channel: bytes to structs, many records in one call."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from schemas.channel import Channel
from schemas.decoding.said import Said, read_free, reader_of
from schemas.decoding.structs import envelope_of, struct_of

BLOCK = 64  # a record that fails costs its block a second go
REFUSALS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Lane:
    """Decodes the events of a channel. `readers` gives, by an event's class, what a fact takes from its properties."""

    def __init__(self, channel: Channel) -> None:
        known = {name: envelope_of(model) for name, model in channel.touchpoints.items()}
        free = envelope_of(channel.free)
        self.channel = channel.name
        self._names = frozenset(known)
        self._known: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_union(list(known.values())))
        self._free: msgspec.json.Decoder[Any] = msgspec.json.Decoder(free)
        self.readers: dict[type, Callable[[Any], Said]] = {free: read_free} | {
            envelope: reader_of(model.event, struct_of(model), model.words)
            for model in channel.events
            for envelope in (known[model.event],)
        }

    def decode(self, values: Sequence[bytes]) -> list[Any]:
        """One struct per record, None for those that the slow lane must judge."""
        events: list[Any] = []
        for start in range(0, len(values), BLOCK):
            events += self._block(values[start : start + BLOCK])
        return events

    def _block(self, values: Sequence[bytes]) -> list[Any]:
        joined = b"\n".join(values)
        if joined.count(b"\n") == len(values) - 1:
            try:
                events = self._known.decode_lines(joined)
            except REFUSALS:
                return [self._one(value) for value in values]
            if len(events) == len(values):
                return events
        return [self._one(value) for value in values]

    def _one(self, value: bytes) -> Any:
        try:
            return self._known.decode(value)
        except REFUSALS:
            return self._unknown(value)

    def _unknown(self, value: bytes) -> Any:
        try:
            event = self._free.decode(value)
        except REFUSALS:
            return None
        return None if event.event in self._names else event


class _A(msgspec.Struct, tag_field="event", tag="\0a"):
    """No record has this tag: the screen keeps NUL out."""


class _B(msgspec.Struct, tag_field="event", tag="\0b"):
    """As _A."""


def _union(structs: list[Any]) -> Any:
    union: Any = _A | _B  # a struct that stands alone would not insist on its tag
    for struct in structs:
        union = union | struct
    return union
