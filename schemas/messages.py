"""What travels in the internal topics, as msgpack arrays."""

from typing import Any, TypeVar

import msgspec

from schemas.fact import Fact
from schemas.ids import Id


class Member(msgspec.Struct, array_like=True, frozen=True, order=True):
    """An identifier of a customer. `home` is the murmur2 hash of its key `type:value`, 31 bits."""

    node: Id
    type: str
    home: int


class Claim(msgspec.Struct, array_like=True, frozen=True, order=True):
    """`link`: a and b stood on one event. `cut`: they must never be one customer. `uncut`: withdraws the cut with that id."""

    kind: str
    a: Member
    b: Member
    first_seen: int  # ms, event time; 0 for a cut
    level: int  # assurance 0..4; 0 for a cut
    source: str
    evidence: Id  # event_id of a link; id of a cut and of its withdrawal
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

    node: Id
    fact: Fact | None
    seen: int  # the sender's position in identity.changes
    seq: int  # seq of the customer row it was routed by


class Barrier(msgspec.Struct, array_like=True, frozen=True):
    """These customers of this partition have lost these nodes."""

    customers: tuple[Id, ...]
    nodes: tuple[Id, ...]
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
