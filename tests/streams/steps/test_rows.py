"""Versions and hashes decide what is written and what wins."""

from dataclasses import dataclass

import pytest

from schemas.fact import Fact
from streams.fold.told import LATE
from streams.steps.rows import next_toggle, next_version, row_hash

FACT = Fact(b"n" * 16, 1, b"e" * 16, 1, 2, 7, "website", "Page Viewed", "", 0, "", "", 0.0, "/")
KNOWLEDGE = 1 << 96 | 5 << 48 | 3 << 16


def test_a_better_copy_of_an_event_changes_the_hash_of_its_row() -> None:
    assert row_hash(b"c" * 16, FACT, LATE) != row_hash(b"c" * 16, FACT._replace(received_at=1, version=8), LATE)


def test_the_hash_is_the_same_in_every_process() -> None:
    assert row_hash(b"c" * 16, FACT, LATE) == 214921733412357216


@dataclass(frozen=True)
class Case:
    stored: int | None
    version: int


@pytest.mark.parametrize("case", [
    Case(None, KNOWLEDGE),
    Case(KNOWLEDGE, KNOWLEDGE + 1),
    Case(KNOWLEDGE + 0xFFFF, KNOWLEDGE + 0xFFFF),
    Case(KNOWLEDGE - (1 << 16) + 9, KNOWLEDGE),
], ids=["first", "another mind", "saturated", "more facts"])  # fmt: skip
def test_another_mind_about_the_same_knowledge_is_one_revision_more(case: Case) -> None:
    assert next_version(KNOWLEDGE, case.stored) == case.version


def test_a_signal_counts_its_changes_of_mind_over_all_knowledge() -> None:
    first = next_toggle(KNOWLEDGE, 0)
    assert first & 0xFFFFFFFFFFFF == 1
    assert next_toggle(KNOWLEDGE + (1 << 48), first) & 0xFFFFFFFFFFFF == 2
