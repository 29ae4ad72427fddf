"""The table [identity] of a rules file."""

from collections.abc import Iterable
from dataclasses import replace

from streams.identity.rules import DEVICE, PERSON, TRANSACTION, IdentityRules, TypeRule
from streams.rules.section import Section

SHIPPED = IdentityRules()
CLASSES = (PERSON, DEVICE, TRANSACTION)


def identity_of(section: Section, version: int) -> IdentityRules:
    """The shipped rules with what the file says differently. Problems are noted in the section's `where`."""
    types = section.table("types")
    named = dict(types.free([rule.name for rule in SHIPPED.types]))
    rules = IdentityRules(
        tuple(_type(rule, named[rule.name]) if rule.name in named else rule for rule in SHIPPED.types),
        section.number("quarantine_at", SHIPPED.quarantine_at, least=2),
        section.number("trusted_level", SHIPPED.trusted_level, most=4),
        version,
    )
    _refuse_equal_ranks(rules.types, types)
    section.close()
    return rules


def _type(rule: TypeRule, section: Section) -> TypeRule:
    made = replace(
        rule,
        kind=section.choice("class", rule.kind, CLASSES),
        rank=section.number("rank", rule.rank, least=1, most=1_000),
        limit=section.limit("limit", rule.limit),
        window_ms=section.window("window", rule.window_ms),
        unique=section.flag("unique", rule.unique),
        known=section.flag("known", rule.known),
    )
    if rule.kind == TRANSACTION != made.kind:
        section.wrong(
            "class", f"{rule.name} stays a {TRANSACTION}: what it stood with on an event is not recorded as a claim"
        )
    elif made.kind == TRANSACTION:
        for name in section.values.keys() & {"limit", "window", "unique", "known"}:
            section.wrong(name, f"a {TRANSACTION} never joins customers, so this has no effect; remove it")
    if made.limit is None and "window" in section:
        section.wrong("window", "without a limit it has no effect; give a `limit` or remove it")
    section.close()
    return made


def _refuse_equal_ranks(types: Iterable[TypeRule], section: Section) -> None:
    """Two types may share a rank only where they ship so: else chance would say which gives a customer its id."""
    shipped = {rule.name: rule.rank for rule in SHIPPED.types}
    holders: dict[int, TypeRule] = {}
    for rule in types:
        other = holders.setdefault(rule.rank, rule)
        if other is not rule and (shipped[rule.name], shipped[other.name]) != (rule.rank, rule.rank):
            moved = rule if shipped[rule.name] != rule.rank else other
            still = other if moved is rule else rule
            section.where.wrong((*section.path, moved.name, "rank"), f"{rule.rank} is the rank of {still.name} already")
