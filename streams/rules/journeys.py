"""The table [journeys] of a rules file."""

from dataclasses import replace

from streams.fold.defaults import RULES
from streams.fold.rules import JourneyRules
from streams.rules.section import Section


def journeys_of(section: Section, version: int) -> JourneyRules:
    """The shipped rules with what the file says differently. Problems are noted in the section's `where`."""
    rules = replace(
        RULES,
        version=version,
        session_at_most=section.duration("session_at_most", RULES.session_at_most),
        late_after=section.duration("late_after", RULES.late_after),
    )
    section.close()
    return rules
