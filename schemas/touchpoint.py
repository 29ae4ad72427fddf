"""The public touchpoint event: the contract of every record in `touchpoints.<channel>`.

pydantic decides what is valid and words what is not; the fast lane of `schemas.decoding` is made from these models.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from schemas import money, times


def text(value: Any) -> Any:
    """Numbers of customers, orders and products often come as JSON integers; they are taken as their digits."""
    return str(value) if isinstance(value, int | UUID) and not isinstance(value, bool) else value


def moment(value: Any) -> datetime:
    """RFC 3339 text, or an aware datetime, cut to milliseconds UTC."""
    if isinstance(value, datetime):
        value = value.isoformat()
    if not isinstance(value, str):
        raise ValueError(f"is not a timestamp; send RFC 3339 text such as {times.EXAMPLE}")
    return times.moment_of(value)


Text = Annotated[str, BeforeValidator(text, json_schema_input_type=str)]
_Short = Annotated[str, Field(min_length=1, max_length=256)]
Name = Annotated[_Short, BeforeValidator(text, json_schema_input_type=_Short)]
Timestamp = Annotated[
    datetime,
    BeforeValidator(moment),
    PlainSerializer(times.to_text),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": [times.EXAMPLE]}),
]
Money = Annotated[
    Decimal,
    BeforeValidator(money.decimal_of),
    PlainSerializer(lambda amount: format(amount, "f")),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": -money.LIMIT, "exclusiveMaximum": money.LIMIT},
                {"type": "string", "pattern": money.PATTERN},
            ],
            "description": "an amount of money in units of the currency; a decimal string keeps every digit",
        }
    ),
]
Currency = Annotated[str, Field(min_length=3, max_length=3, description="ISO 4217, such as EUR")]


class Part(BaseModel):
    """A typed part of an event. Properties that it does not name are always allowed and kept."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, protected_namespaces=())

    def check(self) -> None:
        """What no single field can say. Runs in both lanes, so it may only read fields. Raises ValueError."""

    @model_validator(mode="after")
    def _checked(self) -> "Part":
        self.check()
        return self


class Identifiers(BaseModel):
    """Whom the event is about; at least one value that is not blocked. Values are single strings."""

    model_config = ConfigDict(extra="forbid")

    user_id: Text | None = Field(None, description="your customer number; two different ones never are one customer")
    loyalty_id: Text | None = Field(None, description="number of a loyalty card")
    email: Text | None = None
    phone: Text | None = Field(None, description="with country code, or of the region in the settings")
    crm_id: Text | None = None
    support_id: Text | None = None
    social_id: Text | None = Field(None, description="network:id, such as mastodon:108231")
    device_id: Text | None = None
    anonymous_id: Text | None = Field(None, description="a browser's first-party cookie")
    ticket_id: Text | None = Field(None, description="a transaction: links events, never joins people")
    call_id: Text | None = None
    chat_id: Text | None = None
    order_id: Text | None = None


class Page(Part):
    """Segment's context.page."""

    path: Text | None = None
    url: Text | None = None


class Screen(Part):
    """Segment's context.screen."""

    name: Text | None = None


class Context(Part):
    """Circumstances: Segment's context (page, campaign, device, locale, ip, ...)."""

    page: Page | None = None
    screen: Screen | None = None


class Properties(Part):
    """What every known event may say. A channel's events are subclasses that name their `event`."""

    event: ClassVar[str] = ""
    words: ClassVar[str] = (
        ""  # the property that holds what the customer wrote: its mood is measured if nothing scores it
    )

    location: Text | None = Field(None, description="where it happened, if path, screen, store or queue do not say it")
    path: Text | None = Field(None, description="of the page")
    ticket_id: Text | None = None
    call_id: Text | None = None
    chat_id: Text | None = None
    order_id: Text | None = None
    value: Money | None = None
    currency: Currency | None = None


class FreeProperties(Part):
    """Properties of an event that no channel knows: anything."""


class Touchpoint(Part):
    """One thing a customer did, or that was done towards a customer, in one channel at one moment."""

    event_id: Name = Field(description="a UUID, or any string that is the same when the same event is sent again")
    event: Name = Field(description="Segment's semantic name where there is one, such as Order Completed")
    channel: Name
    source: Name = Field(description="who sent it: a site, a till, a system")
    original_timestamp: Timestamp = Field(
        validation_alias=AliasChoices("original_timestamp", "timestamp"), description="when it happened, by the sender"
    )
    sent_at: Timestamp | None = Field(None, description="when it was sent, by the same clock; mends a wrong clock")
    received_at: Timestamp | None = Field(None, description="believed only from trusted sources")
    assurance: Annotated[int, Field(ge=0, le=4)] | None = Field(
        None, description="0 cookie, 1 typed, 2 clicked link, 3 verified login, 4 agent or till; capped by source"
    )
    identifiers: Identifiers
    properties: FreeProperties = Field(default_factory=FreeProperties)
    context: Context = Field(default_factory=Context)
