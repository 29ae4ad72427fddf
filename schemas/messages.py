"""What travels in the internal topics, as msgpack arrays."""

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from schemas.fact import Fact
from schemas.ids import NONE, Id

Node = Annotated[Id, Meta(min_length=16, max_length=16)]
Home = Annotated[int, Meta(ge=0, lt=1 << 32)]
Moment = Annotated[int, Meta(ge=-(1 << 41), lt=1 << 43)]  # ms; from 1900 to 2248, which ClickHouse can hold


class Member(msgspec.Struct, array_like=True, frozen=True, order=True):
    """An identifier of a customer. `home` is the murmur2 hash of its key `type:value`, 31 bits."""

    node: Node
    type: str
    home: Home


NOBODY = Member(NONE, "", 0)  # both ends of a claim that is about no identifier


class Claim(msgspec.Struct, array_like=True, frozen=True, order=True):
    """What the log identity.claims holds. All but `link` are an operator's words: `first_seen` and `level` are 0.

    | kind | says | evidence | reason |
    |---|---|---|---|
    | link | a and b stood on one event | its event_id | |
    | cut | a and b must never be one customer | id of the cut | the operator's |
    | uncut | withdraws the cut with that id | that id | the operator's |
    | release | a (= b) stays out of quarantine | id of the release | the operator's |
    | unrelease | withdraws the release with that id | that id | the operator's |
    | rules | from now on these rules hold; a = b = `NOBODY` | 16 bytes of sha256 of the text | the text of the rules file |
    """

    kind: Literal["link", "cut", "uncut", "release", "unrelease", "rules"]
    a: Member
    b: Member
    first_seen: Moment  # event time
    level: Annotated[int, Meta(ge=0, le=4)]  # assurance
    source: str
    evidence: Node
    reason: str = ""


class Change(msgspec.Struct, array_like=True, frozen=True):
    """A customer after the claim with this seq (its offset + 1). No members: merged away."""

    customer: Id
    home: int
    seq: int
    members: tuple[Member, ...]
    flags: tuple[str, ...] = ()


class Ruling(msgspec.Struct, array_like=True, frozen=True):
    """The rules that hold from this seq on. In identity.changes its key is `RULES_KEY`, so `seen` orders it too."""

    version: int
    seq: int
    text: str  # of the rules file


RULES_KEY = b"rules"


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """A hint that a fact is durable; `fact` None: load the customer of `node` again."""

    node: Node
    fact: Fact | None
    seen: int  # the sender's position in identity.changes
    seq: int  # seq of the customer row it was routed by
    rules: int = 0  # version of the rules by which the intake derived the fact


class Barrier(msgspec.Struct, array_like=True, frozen=True):
    """These customers of this partition have lost these nodes."""

    customers: tuple[Node, ...]
    nodes: tuple[Node, ...]
    seen: int


class Inbox(msgspec.Struct, array_like=True, frozen=True):
    """One message of journeys.inbox: a list of marks for one partition, or a barrier."""

    marks: tuple[Mark, ...] = ()
    barrier: Barrier | None = None


class Decided(msgspec.Struct, frozen=True):
    """One decision on identity, as a record of identity.decisions: JSON, so that anybody can follow it. The ids are UUIDs
    as ClickHouse shows them."""

    seq: int  # of the claim that led to it
    kind: str  # attach, merge, refuse, quarantine, share, unshare, cut, uncut, release, unrelease, rules
    a: str
    b: str  # a for a decision on one identifier
    customer: str  # of a, after the claim
    reason: str  # name of the rule, or `allowed`
    detail: str  # one sentence
    evidence: list[str]  # ids of the events, or of the operator's claims, that it rests on
    rules: int  # version of the rules
    decided_at: str  # RFC 3339, UTC


encode_json = msgspec.json.Encoder().encode
encode = msgspec.msgpack.Encoder().encode
_decoders: dict[type[Any], msgspec.msgpack.Decoder[Any]] = {}


T = TypeVar("T")


def decode(type: type[T], data: bytes) -> T:
    """Raises `msgspec.DecodeError` for anything but this type."""
    decoder = _decoders.get(type) or _decoders.setdefault(type, msgspec.msgpack.Decoder(type))
    value: T = decoder.decode(data)
    return value
