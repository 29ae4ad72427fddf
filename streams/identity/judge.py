"""The rules, applied to two customers that a pair would join."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from operator import sub

from schemas.ids import Id
from schemas.messages import Member
from streams.identity.customer import Customer
from streams.identity.cuts import Apart, cuts_between, kept_apart
from streams.identity.rules import CANNOT_LINK, LEVEL, PERSON, IdentityRules, Refusal, TypeRule


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides pairs by the rules and the cannot-links that hold (`apart` may change between two decisions)."""

    rules: IdentityRules
    apart: Apart

    def refusal(self, one: Customer, other: Customer, level: int, at: int) -> Refusal | None:
        """None: a pair first seen at `at` (ms) with this level joins the two. No date of theirs is after `at`.

        The order of the rules decides which reason is given: cannot-link, unique, limit, level.
        """
        rules = self.rules
        small, large = (one, other) if len(one.members) <= len(other.members) else (other, one)
        if self.apart and kept_apart(small.members, large.members, self.apart):
            return CANNOT_LINK
        if broken := _broken_types(small, large, at, rules):
            worst = min(broken, key=lambda rule: (not rule.unique, rule.rank, rule.name))
            return Refusal("unique" if worst.unique else "limit", worst.name)
        if level < rules.trusted_level and is_known(small, rules) and is_known(large, rules):
            return LEVEL
        return None

    def cuts(self, one: Customer, other: Customer) -> tuple[Id, ...]:
        """Ids of the cuts for which the two are refused each other."""
        return cuts_between(one.members, other.members, self.apart)

    def admits(self, customer: Customer, device: Member, other: Member, at: int) -> bool:
        """Whether a new device, seen at `at` with a member who was there by then, breaks no limit now or at any time
        between, and does not make its customer a known one."""
        rule = self.rules.of(device.type)
        count = 1 + customer.count(device.type)
        joined = next(date for member, date in customer.dated() if member is other)
        if rule.known or joined is None or joined > at:
            return False
        return not (_too_many(rule, count) and _too_close(rule, (Customer(device), customer), at))

    def excludes(self, members: Iterable[Member]) -> bool:
        """Whether these can never be one customer: two of a unique type, or a cannot-link among them."""
        members = list(members)
        unique = [member.type for member in members if self.rules.of(member.type).unique]
        return len(unique) > len(set(unique)) or kept_apart(members, members, self.apart)


def is_known(customer: Customer, rules: IdentityRules) -> bool:
    """Holds an identifier of a type that is enough by itself, or two identifiers of persons."""
    persons = 0
    for member in customer.members:
        rule = rules.of(member.type)
        persons += rule.kind == PERSON
        if rule.known or persons > 1:
            return True
    return False


def _broken_types(small: Customer, large: Customer, at: int, rules: IdentityRules) -> list[TypeRule]:
    if len(small.members) == 1:
        rule = rules.of(small.head.type)
        broken = _too_many(rule, 1 + large.count(small.head.type)) and _too_recent(rule, large, at)
        return [rule] if broken else []
    joining = {member.type for member in small.members}
    limited = [(rules.of(type), small.count(type) + large.count(type)) for type in joining]
    return [rule for rule, count in limited if _too_many(rule, count) and _too_close(rule, (small, large), at)]


def _too_many(rule: TypeRule, count: int) -> bool:
    return count > 1 if rule.unique else rule.limit is not None and count > rule.limit


def _too_recent(rule: TypeRule, customer: Customer, at: int) -> bool:
    """`_too_close` for one more identifier, which dates from `at`, as all others are from before."""
    if rule.unique or not rule.window_ms or rule.limit is None:
        return True
    return customer.count_since(rule.name, at - rule.window_ms) >= rule.limit


def _too_close(rule: TypeRule, customers: tuple[Customer, ...], at: int) -> bool:
    """Whether more than the limit of a type lie within its window; those of a lone identifier date from `at`."""
    if rule.unique or not rule.window_ms:
        return True
    when = sorted(chain.from_iterable(one.dates_of(rule.name, at) for one in customers))
    closest: int = min(map(sub, when[rule.limit :], when))
    return closest < rule.window_ms
