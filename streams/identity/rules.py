"""The rules by which identifiers become customers, and the reasons for which a pair is refused."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from schemas.identifiers import TYPES
from schemas.ids import Id
from schemas.messages import Member

PERSON, DEVICE, TRANSACTION = "person", "device", "transaction"


@dataclass(frozen=True, slots=True)
class TypeRule:
    """One type of identifier.

    `limit` / `window_ms`: a customer holds at most `limit` identifiers of the type whose dates lie within any
    `window_ms` (half-open: exactly `window_ms` apart is outside); window 0 means ever. The date of an identifier is
    `first_seen` of the pair that brought it into a customer. `unique`: two different ones never are one customer.
    `known`: one is enough to make its customer a known one. `kind`: person, device, or transaction (never joins).
    """

    name: str
    rank: int
    kind: str
    limit: int | None = None
    window_ms: int = 0
    unique: bool = False
    known: bool = False


class Refusal(NamedTuple):
    """Why a pair does not join its two customers: the name of the rule, and the type it concerns."""

    rule: str
    type: str = ""


CANNOT_LINK = Refusal("cannot_link")
LEVEL = Refusal("level")
QUARANTINED = Refusal("quarantined")
SHARED = Refusal("shared")
UNLINKED = Refusal("transaction")
SKIPS = (UNLINKED, SHARED, QUARANTINED)  # weakest first: of two reasons to skip a pair the stronger is named


def skip_of(one: Refusal | None, other: Refusal | None) -> Refusal | None:
    """The reason to skip a pair, from those of its two ends."""
    return max((skip for skip in (one, other) if skip), key=SKIPS.index, default=None)


def skip_of_kind(kind: str) -> Refusal | None:
    """Why identifiers of this kind never join anybody, if so."""
    return UNLINKED if kind == TRANSACTION else None


def default_types() -> tuple[TypeRule, ...]:
    """The types of `schemas.identifiers`; a business knows its customer by its own number or by a loyalty card."""
    known = {"user_id", "loyalty_id"}
    return tuple(
        TypeRule(type.name, type.rank, type.kind, type.limit, type.window or 0, type.unique, type.name in known)
        for type in TYPES.values()
    )


@dataclass(frozen=True)
class IdentityRules:
    """`quarantine_at`: an identifier claimed with so many others leaves the graph. `trusted_level`: needed to join two
    known customers."""

    types: tuple[TypeRule, ...] = field(default_factory=default_types)
    quarantine_at: int = 50
    trusted_level: int = 3
    version: int = 1

    @cached_property
    def _by_name(self) -> dict[str, TypeRule]:
        return {rule.name: rule for rule in self.types}

    def of(self, name: str) -> TypeRule:
        """A type without a rule ranks last and joins nothing, like an order or a ticket."""
        return self._by_name.get(name) or TypeRule(name, 99, TRANSACTION)

    def strength(self, member: Member) -> tuple[int, Id]:
        """The smallest is the strongest: it gives its node to the customer as id."""
        return self.of(member.type).rank, member.node

    def strongest(self, members: Iterable[Member]) -> Member:
        return min(members, key=self.strength)
