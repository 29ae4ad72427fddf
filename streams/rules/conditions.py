"""Rules over the event, the channel and properties, as a rules file writes them.

A list of them holds names of events and tables: `["Order Refunded", {event = "Order Updated", channel = "store", where = {...}}]`.
In `where` stands by property: a value, a list of values, or a table of `at_least`, `at_most`, `exists`.
"""

from typing import Any

from streams.fold.conditions import Condition, When, equals
from streams.rules.section import Section, shown


def names_and_rules(section: Section, name: str, shipped: frozenset[str]) -> tuple[frozenset[str], tuple[When, ...]]:
    """The names of events in a list, and the rules in it. Absent: the shipped names and no rules."""
    entries = section.entries(name)
    if entries is None:
        return shipped, ()
    texts = [entry for entry in entries if isinstance(entry, str)]
    for text in sorted({text for text in texts if texts.count(text) > 1}):
        section.wrong(name, f"{shown(text)} stands in it twice")
    return frozenset(texts), tuple(_rule(entry) for entry in entries if isinstance(entry, Section))


def _rule(section: Section) -> When:
    where = section.table("where")
    conditions = tuple(_condition(where, name) for name in sorted(where.everything()))
    when = When(section.text("event", ""), section.text("channel", ""), conditions)
    if not when.event and not when.channel:
        section.where.wrong(section.path, "it fits every event; name an `event` or a `channel`")
    section.close()
    return when


def _condition(section: Section, name: str) -> Condition:
    value = section.values[name]
    if isinstance(value, dict):
        return _compared(section.table(name), name)
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str | int | float) for one in values):
        section.wrong(name, f"it must be a value, values, or a table of at_least, at_most, exists, not {_told(value)}")
        return Condition(name)
    return equals(name, *values)


def _compared(section: Section, name: str) -> Condition:
    low, high = (section.real(key, limit, -1e18, 1e18) for key, limit in (("at_least", -1e18), ("at_most", 1e18)))
    exists = section.flag("exists", True)
    if not section.values:
        section.where.wrong(section.path, "it asks for nothing; write at_least, at_most or exists")
    if not exists and len(section.values) > 1:
        section.wrong("exists", "what is absent has no size; remove the rest")
    section.close()
    return Condition(
        name,
        least=low if "at_least" in section else None,
        most=high if "at_most" in section else None,
        exists=exists,
    )


def _told(value: Any) -> str:
    return "an empty list" if value == [] else shown(value)
