"""A customer: the identifiers that accepted pairs have joined so far."""

from collections.abc import Iterator

from schemas.messages import Member
from streams.identity.rules import IdentityRules


class Customer:
    """`members` in the order of joining; `dates`: when each joined (ms), None while alone; `head`: the strongest."""

    __slots__ = ("dates", "head", "members")

    def __init__(self, member: Member) -> None:
        self.members: list[Member] = [member]
        self.dates: list[int | None] = [None]
        self.head = member

    def __len__(self) -> int:
        return len(self.members)

    def dated(self) -> Iterator[tuple[Member, int | None]]:
        """Each member with its date."""
        return zip(self.members, self.dates, strict=True)

    def absorb(self, other: "Customer", at: int, rules: IdentityRules) -> None:
        """Takes all members of `other`, by a pair first seen at `at`; `other` is not to be used any more."""
        for customer in (self, other):
            if customer.dates[0] is None:
                customer.dates[0] = at
        self.members += other.members
        self.dates += other.dates
        if rules.strength(other.head) < rules.strength(self.head):
            self.head = other.head
