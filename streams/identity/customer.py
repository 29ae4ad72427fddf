"""A customer: the identifiers that accepted pairs have joined so far."""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator

from schemas.messages import Member
from streams.identity.rules import IdentityRules

LARGE = 16  # members from which on their dates are kept by type: counting them at every pair would cost the square


class Customer:
    """`members` in the order of joining; `dates`: when each joined (ms), None while alone; `head`: the strongest."""

    __slots__ = ("_by_type", "dates", "head", "members")

    def __init__(self, member: Member) -> None:
        self.members: list[Member] = [member]
        self.dates: list[int | None] = [None]
        self.head = member
        self._by_type: dict[str, list[int]] | None = None

    def __len__(self) -> int:
        return len(self.members)

    def dated(self) -> Iterator[tuple[Member, int | None]]:
        """Each member with its date."""
        return zip(self.members, self.dates, strict=True)

    def dates_of(self, type: str, alone: int) -> list[int]:
        """When its members of this type joined, in order; `alone` stands for the date of one that has not joined anybody."""
        if self._by_type is not None:
            return self._by_type.get(type, [])
        return sorted([alone if date is None else date for member, date in self.dated() if member.type == type])

    def count(self, type: str) -> int:
        """How many of its members are of this type."""
        if self._by_type is not None:
            return len(self._by_type.get(type, ()))
        return sum([member.type == type for member in self.members])

    def count_since(self, type: str, moment: int) -> int:
        """How many of its members of this type joined after the moment, or are alone."""
        if self._by_type is not None:
            dates = self._by_type.get(type, [])
            return len(dates) - bisect_right(dates, moment)
        return sum([member.type == type and (date is None or date > moment) for member, date in self.dated()])

    def absorb(self, other: "Customer", at: int, rules: IdentityRules) -> None:
        """Takes all members of `other`, by a pair first seen at `at`; `other` is not to be used any more."""
        for customer in (self, other):
            if customer.dates[0] is None:
                customer.dates[0] = at
        known = len(self)
        self.members += other.members
        self.dates += other.dates
        if len(self) > LARGE:
            self._sort(0 if self._by_type is None else known)
        if rules.strength(other.head) < rules.strength(self.head):
            self.head = other.head

    def _sort(self, known: int) -> None:
        """Takes the dates of all members but the first so many."""
        if self._by_type is None:
            self._by_type = defaultdict(list)
        for member, date in zip(self.members[known:], self.dates[known:], strict=True):
            if date is not None:
                insort(self._by_type[member.type], date)
