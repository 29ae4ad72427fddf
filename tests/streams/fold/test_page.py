"""docs/journeys.md names the events of every type and stage that ship, and no others."""

import re
from pathlib import Path

import pytest

from streams.fold.defaults import LADDER, RULES, STAGES
from streams.fold.rules import JourneyType

PAGE = (Path(__file__).parents[3] / "docs" / "journeys.md").read_text("utf-8")
EVENTS = {*STAGES, *(event for type in RULES.journeys for event in type.named | type.ends_with), *RULES.passive}


def table(head: str) -> list[list[str]]:
    """The cells of the table that begins with these words."""
    lines = PAGE[PAGE.index(head) :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not set(line) <= set("|-")]


def events_in(text: str) -> set[str]:
    return set(re.findall("|".join(sorted(map(re.escape, EVENTS), key=len, reverse=True)), text))


@pytest.mark.parametrize("type", RULES.journeys, ids=lambda type: type.name)
def test_the_page_says_what_a_type_is_made_of(type: JourneyType) -> None:
    head, *rows = table("| | service |")
    column = head.index(type.name)
    assert events_in(" ".join(row[column] for row in rows)) == {*type.named, *type.ends_with}


def test_the_page_says_which_events_put_a_customer_in_a_stage() -> None:
    stages = {row[0]: events_in(row[1]) for row in table("| stage | events |")[1:]}
    assert stages.keys() == set(LADDER)
    goals = RULES.journeys[-1].goals  # named once more where they are loyalty
    for stage in LADDER:
        assert stages[stage] - (goals if stage == "loyalty" else set()) == {e for e, s in STAGES.items() if s == stage}
