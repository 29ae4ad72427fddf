"""Rules that ask for more than the name of an event."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.looks import text_of


@dataclass(frozen=True)
class Condition:
    """One property: it is one of `values` (if there are any), a number from `least` to `most`, and there at all; or,
    with `exists` False, it is absent. Values are compared as text, as `schemas.looks.text_of` writes them."""

    name: str
    values: frozenset[str] = frozenset()
    least: float | None = None
    most: float | None = None
    exists: bool = True

    def fits(self, value: str | None) -> bool:
        if value is None or not self.exists:
            return value is None and not self.exists
        return (not self.values or value in self.values) and self._is_within(value)

    def _is_within(self, value: str) -> bool:
        if self.least is None and self.most is None:
            return True
        try:
            number = float(value)
        except ValueError:
            return False
        return (self.least is None or number >= self.least) and (self.most is None or number <= self.most)


@dataclass(frozen=True)
class When:
    """An event of this name, in this channel (either may be empty: any), whose properties fit all conditions."""

    event: str = ""
    channel: str = ""
    conditions: tuple[Condition, ...] = ()

    def fits(self, channel: str, event: str, values: Mapping[str, str]) -> bool:
        is_it = self.event in ("", event) and self.channel in ("", channel)
        return is_it and all(condition.fits(values.get(condition.name)) for condition in self.conditions)


def equals(name: str, *values: object) -> Condition:
    """The property is one of these values: text, numbers, true or false."""
    return Condition(name, frozenset(text for value in values if (text := text_of(value)) is not None))
