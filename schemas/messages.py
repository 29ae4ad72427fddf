"""What travels in the internal topics, as msgpack arrays."""

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from schemas.fact import Fact
from schemas.ids import Id

Node = Annotated[Id, Meta(min_length=16, max_length=16)]
Home = Annotated[int, Meta(ge=0, lt=1 << 32)]
Moment = Annotated[int, Meta(ge=-(1 << 41), lt=1 << 43)]  # ms; from 1900 to 2248, which ClickHouse can hold


class Member(msgspec.Struct, array_like=True, frozen=True, order=True):
    """An identifier of a customer. `home` is the murmur2 hash of its key `type:value`, 31 bits."""

    node: Node
    type: str
    home: Home


class Claim(msgspec.Struct, array_like=True, frozen=True, order=True):
    """`link`: a and b stood on one event. `cut`: they must never be one customer. `uncut`: withdraws the cut with that id."""

    kind: Literal["link", "cut", "uncut"]
    a: Member
    b: Member
    first_seen: Moment  # event time; 0 for a cut
    level: Annotated[int, Meta(ge=0, le=4)]  # assurance; 0 for a cut
    source: str
    evidence: Node  # event_id of a link; id of a cut and of its withdrawal
    reason: str = ""


class Change(msgspec.Struct, array_like=True, frozen=True):
    """A customer after the claim with this seq (its offset + 1). No members: merged away."""

    customer: Id
    home: int
    seq: int
    members: tuple[Member, ...]
    flags: tuple[str, ...] = ()


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """A hint that a fact is durable; `fact` None: load the customer of `node` again."""

    node: Node
    fact: Fact | None
    seen: int  # the sender's position in identity.changes
    seq: int  # seq of the customer row it was routed by


class Barrier(msgspec.Struct, array_like=True, frozen=True):
    """These customers of this partition have lost these nodes."""

    customers: tuple[Node, ...]
    nodes: tuple[Node, ...]
    seen: int


class Inbox(msgspec.Struct, array_like=True, frozen=True):
    """One message of journeys.inbox: a list of marks for one partition, or a barrier."""

    marks: tuple[Mark, ...] = ()
    barrier: Barrier | None = None


encode = msgspec.msgpack.Encoder().encode
_decoders: dict[type[Any], msgspec.msgpack.Decoder[Any]] = {}


T = TypeVar("T")


def decode(type: type[T], data: bytes) -> T:
    """Raises `msgspec.DecodeError` for anything but this type."""
    decoder = _decoders.get(type) or _decoders.setdefault(type, msgspec.msgpack.Decoder(type))
    value: T = decoder.decode(data)
    return value
