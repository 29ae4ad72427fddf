"""The table [journeys] of a rules file."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from streams.fold.conditions import When
from streams.fold.contacts import ContactRules, Expectation
from streams.fold.defaults import LADDER, RULES
from streams.fold.rules import ROLES, JourneyRules, JourneyType
from streams.rules.conditions import names_and_rules
from streams.rules.section import Section, meant, shown

_named = re.compile(r"[a-z][a-z0-9_]{0,31}\Z").match
_NEW = JourneyType("", frozenset(), frozenset(), RULES.journeys[0].abandoned_after)
Stages = tuple[Mapping[str, str], tuple[tuple[str, When], ...]]


def journeys_of(section: Section, version: int, shipped: JourneyRules = RULES) -> JourneyRules:
    """The shipped rules with what the file says differently. Problems are noted in the section's `where`."""
    stages, stages_when = _stages(section.table("stages"), shipped)
    known = {*LADDER, *section.table("stages").values}
    rules = replace(
        shipped,
        version=version,
        session_at_most=section.duration("session_at_most", shipped.session_at_most),
        other_timeout=section.duration("other_timeout", shipped.other_timeout),
        late_after=section.duration("late_after", shipped.late_after),
        advocate_from=section.real("advocate_from", shipped.advocate_from, 0, 10),
        conversations=section.names("conversations", shipped.conversations),
        passive=section.names("passive", shipped.passive),
        timeouts=_timeouts(section.table("timeouts"), shipped.timeouts),
        stages=stages,
        stages_when=stages_when,
        journeys=_types(section, shipped.journeys, known),
        contacts=_contacts(section.table("contacts"), shipped.contacts),
    )
    section.close()
    return rules


def _timeouts(section: Section, shipped: Mapping[str, int]) -> Mapping[str, int]:
    return {**shipped, **{channel: section.duration(channel, 1) for channel in section.everything()}}


def _stages(section: Section, shipped: JourneyRules) -> Stages:
    """A list of a stage takes the place of the shipped one, and its events out of the lists of other stages."""
    said: dict[str, str] = {}
    rules: list[tuple[str, When]] = []
    for stage in section.everything():
        if not _named(stage):
            section.wrong(stage, "a stage is named in a-z, 0-9 and _, at most 32 characters")
        names, whens = names_and_rules(section, stage, frozenset())
        for event in sorted(names & said.keys()):
            section.wrong(stage, f"{shown(event)} is of {said[event]} already")
        said |= dict.fromkeys(names, stage)
        rules += [(stage, when) for when in whens]
    left = {event: stage for event, stage in shipped.stages.items() if stage not in section and event not in said}
    return left | said, (*rules, *(one for one in shipped.stages_when if one[0] not in section))


def _types(section: Section, shipped: tuple[JourneyType, ...], stages: Collection[str]) -> tuple[JourneyType, ...]:
    """Those of the file that do not ship, then those that do; or those that `order` names, in its order."""
    tables = dict(section.table("types").free())
    known = {type.name: type for type in shipped}
    names = tuple(dict.fromkeys([*(name for name in tables if name not in known), *known]))
    made = {name: _type(known.get(name, replace(_NEW, name=name)), tables.get(name), stages) for name in names}
    return tuple(made[name] for name in section.ordered("order", names, names))


def _type(shipped: JourneyType, section: Section | None, stages: Collection[str]) -> JourneyType:
    if section is None:
        return shipped
    if not _named(shipped.name):
        section.where.wrong(section.path, "a journey type is named in a-z, 0-9 and _, at most 32 characters")
    roles = {role: names_and_rules(section, role, getattr(shipped, role)) for role in ROLES}
    when = [(role, rule) for role in ROLES for rule in roles[role][1]]
    kept = [(role, rule) for role, rule in shipped.when if role not in section]
    sets: dict[str, Any] = {role: names for role, (names, _) in roles.items()}
    made = replace(
        shipped,
        **sets,
        ends_with=section.names("ends_with", shipped.ends_with),
        channels=section.names("channels", shipped.channels),
        rest=section.flag("rest", shipped.rest),
        cancels_completed=section.flag("cancels_completed", shipped.cancels_completed),
        abandoned_after=section.duration("abandoned_after", shipped.abandoned_after),
        reopened_within=section.duration("reopened_within", shipped.reopened_within, 0),
        stage=_stage(section, "stage", shipped.stage, stages),
        again=_stage(section, "again", shipped.again, stages),
        stays=_stays(section, shipped, stages),
        when=(*when, *kept),
    )
    if not made.opens and not any(role == "opens" for role, _ in made.when):
        section.where.wrong(section.path, "no event opens it; name at least one in `opens`")
    for stage in [stage for stage, stay in made.stays.items() if stay >= made.abandoned_after]:
        section.table("stays").wrong(stage, "it must be shorter than `abandoned_after`: then the journey is over")
    for event in sorted(made.ends_with & made.named):
        section.wrong("ends_with", f"{shown(event)} belongs to the type itself; name it in `goals`, or only here")
    section.close()
    return made


def _stage(section: Section, name: str, shipped: str, stages: Collection[str]) -> str:
    """A stage, or "" for none."""
    if section.values.get(name) == "":
        return section.choice(name, "", ("", *stages))
    return section.choice(name, shipped, sorted({*stages} - {""}))


def _stays(section: Section, shipped: JourneyType, stages: Collection[str]) -> Mapping[str, int]:
    """Of the shipped ones those that a shorter `abandoned_after` leaves room for."""
    if "stays" not in section:
        section.table("stays")
        least = section.duration("abandoned_after", shipped.abandoned_after)
        return {stage: stay for stage, stay in shipped.stays.items() if stay < least}
    stays = section.table("stays")
    for stage in [name for name in stays.everything() if name not in stages]:
        stays.wrong(stage, f"it is no stage{meant(stage, stages)}")
    return {stage: stays.duration(stage, 1) for stage in stays.values}


def _contacts(section: Section, shipped: ContactRules) -> ContactRules:
    answers = dict(section.table("answers").free())
    known = {expectation.channel: expectation for expectation in shipped.expectations}
    made = replace(
        shipped,
        contacts=section.names("events", shipped.contacts),
        repeat_within=section.duration("repeat_within", shipped.repeat_within),
        expectations=tuple(
            _expectation(known.get(name, Expectation(name, frozenset(), frozenset(), 1)), answers.get(name))
            for name in dict.fromkeys([*known, *answers])
        ),
        form_within=section.duration("form_within", shipped.form_within),
    )
    section.close()
    return made


def _expectation(shipped: Expectation, section: Section | None) -> Expectation:
    if section is None:
        return shipped
    made = replace(
        shipped,
        contacts=section.names("contacts", shipped.contacts),
        replies=section.names("replies", shipped.replies),
        within=section.duration("within", shipped.within),
        by_thread=section.flag("by_thread", shipped.by_thread),
    )
    section.close()
    return made
