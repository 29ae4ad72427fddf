"""Which properties of an event the rules look at, and their values as a fact carries them.

Rules decide over the event, the channel and properties. Most events have none that a rule names, and cost nothing here.
Only single values count (text, number, true, false) directly under `properties`; a list, an object or null is as if absent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from schemas.fact import Fact, Named
from schemas.ids import Id

LONGEST = 256  # letters of a value


class _Event(msgspec.Struct):
    properties: dict[str, Any] = {}


class _Raw(msgspec.Struct):
    properties: msgspec.Raw = msgspec.Raw(b"{}")


_event = msgspec.json.Decoder(_Event).decode
_properties = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True)
class Looks:
    """`wanted`: (channel, event, names), where an empty channel or event stands for every one."""

    wanted: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.wanted)

    def __or__(self, other: "Looks") -> "Looks":
        return Looks(tuple(sorted({*self.wanted, *other.wanted})))

    def of(self, channel: str, event: str) -> tuple[str, ...]:
        """The names that matter for this kind of event, in order; mostly none."""
        if event not in self._events and channel not in self._channels:
            return ()
        fitting = (names for c, e, names in self.wanted if c in ("", channel) and e in ("", event))
        return tuple(sorted({name for names in fitting for name in names}))

    @cached_property
    def _events(self) -> frozenset[str]:
        return frozenset(event for _, event, _ in self.wanted if event)

    @cached_property
    def _channels(self) -> frozenset[str]:
        return frozenset(channel for channel, event, _ in self.wanted if not event)

    def in_event(self, channel: str, event: str, raw: bytes) -> Named:
        """The values in a whole event that the schemas have accepted."""
        names = self.of(channel, event)
        return named(names, _event(raw).properties) if names else ()

    def in_properties(self, channel: str, event: str, raw: bytes) -> Named:
        """The same from its properties alone, as the store keeps them."""
        names = self.of(channel, event)
        return named(names, _properties(raw or b"{}")) if names else ()

    def complete(self, facts: Iterable[Fact], properties: Mapping[tuple[Id, int, Id, int], bytes]) -> list[Fact]:
        """The facts with what is named of their properties, which are given by key and version. One whose properties are not
        there is left out: it is not durable yet as a whole, and its mark comes when it is."""
        found = []
        for fact in facts:
            if not self.of(fact[6], fact[7]):
                found.append(fact)
            elif (raw := properties.get((*fact[:3], fact[5]))) is not None:
                found.append(fact._replace(named=self.in_properties(fact[6], fact[7], raw)))
        return found


NOTHING = Looks()
_raw = msgspec.json.Decoder(_Raw).decode


def properties_of(raw: bytes) -> bytes:
    """The properties of an event as they came; none of one that is empty."""
    return bytes(_raw(raw or b"{}").properties)


def named(names: Iterable[str], properties: Mapping[str, Any]) -> Named:
    """Name and value of those that are there."""
    found = ((name, text_of(properties.get(name))) for name in names)
    return tuple((name, value) for name, value in found if value is not None)


def text_of(value: Any) -> str | None:
    """A value as rules compare it: 12.0 is `12`, true is `true`; None for what is no single value."""
    if isinstance(value, str):
        return value[:LONGEST]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) < 1 << 63:
        return str(value)
    if isinstance(value, int | float):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1 << 53 else repr(number)
    return None
