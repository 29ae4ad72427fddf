"""What a channel is. Each has one file in `sources/channels/`, and nothing else names it."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field, create_model

from schemas.touchpoint import FreeProperties, Properties, Touchpoint
from throughline.errors import ConfigurationError

MINUTE = 60_000
HOUR = 60 * MINUTE
_named = re.compile(r"[a-z][a-z0-9_]{0,31}\Z").match


@dataclass(frozen=True)
class Channel:
    """`events` are models of properties, each with its event's name; an event that is not among them is valid and free.

    `session_timeout_ms`: a longer gap between two touchpoints of one customer in this channel begins a new session.
    """

    name: str
    description: str
    session_timeout_ms: int
    events: tuple[type[Properties], ...]
    touchpoints: dict[str, type[Touchpoint]] = field(init=False, repr=False, compare=False, hash=False)
    free: type[Touchpoint] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        names = [model.event for model in self.events]
        if not _named(self.name):
            raise ConfigurationError(f"channel {self.name!r} is not a name; use a-z, 0-9 and _, at most 32 characters")
        if "" in names or len(set(names)) != len(names):
            raise ConfigurationError(f"channel {self.name} names an event twice or not at all: {sorted(names)}")
        object.__setattr__(self, "touchpoints", {model.event: _touchpoint(self.name, model) for model in self.events})
        object.__setattr__(self, "free", _free(self.name))

    def touchpoint_of(self, event: object) -> type[Touchpoint]:
        """The model that validates an event of this name in this channel."""
        return self.touchpoints.get(event, self.free) if isinstance(event, str) else self.free


def _only(value: str) -> Any:
    return Literal[value]


def _touchpoint(channel: str, properties: type[Properties]) -> type[Touchpoint]:
    return create_model(
        f"{channel.title().replace('_', '')}{properties.__name__}",
        __base__=Touchpoint,
        __doc__=properties.__doc__,
        channel=(_only(channel), ...),
        event=(_only(properties.event), ...),
        properties=(properties, ... if _requires(properties) else Field(default_factory=properties)),
    )


def _requires(model: type[Properties]) -> bool:
    return any(field.is_required() for field in model.model_fields.values())


def _free(channel: str) -> type[Touchpoint]:
    return create_model(
        f"{channel.title().replace('_', '')}Touchpoint",
        __base__=Touchpoint,
        __doc__=f"An event of the channel {channel} under a name of your own; its properties are free.",
        channel=(_only(channel), ...),
        properties=(FreeProperties, Field(default_factory=FreeProperties)),
    )
