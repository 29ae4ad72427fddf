"""Kafka's logs against the account, without either."""

import pytest

from queries.audit import Recorded
from queries.audit_balance import balance
from throughline.lag import Extent

EXTENT = Extent("touchpoints.store", 2, first=10, end=20, committed=16)


def recorded(first: int, last: int, below: int, **counts: int) -> Recorded:
    """`stored` is what the others leave."""
    offsets = counts.pop("offsets", last - first + 1)
    others = {"duplicate": 0, "dead": 0, "gap": 0, **counts}
    return Recorded("touchpoints.store", 2, 0, first, last, offsets, below, offsets - sum(others.values()), **others)


def test_what_is_neither_recorded_nor_committed_is_pending() -> None:
    found = balance(EXTENT, 20, [recorded(10, 12, 3, dead=1), recorded(13, 15, 3, duplicate=1, gap=1)])
    assert (found.stored, found.duplicate, found.dead, found.gap) == (3, 1, 1, 1)
    assert (found.pending, found.missing, found.beyond) == (4, 0, 0)
    assert found.is_right


def test_what_is_recorded_before_its_commit_is_not_pending() -> None:
    assert balance(EXTENT, 20, [recorded(10, 18, 6)]).pending == 1


def test_records_that_came_during_the_look_are_pending() -> None:
    assert balance(EXTENT, 25, [recorded(10, 18, 6)]).pending == 6


def test_a_hole_below_the_committed_offset_is_missing() -> None:
    found = balance(EXTENT, 20, [recorded(10, 15, 4, offsets=4)])
    assert (found.missing, found.pending, found.is_right) == (2, 4, False)


def test_an_account_that_reaches_beyond_the_log_is_wrong() -> None:
    found = balance(Extent("touchpoints.store", 2, 0, 5, 5), 5, [recorded(0, 8, 5)])
    assert (found.beyond, found.is_right) == (4, False)


@pytest.mark.parametrize("end", [10, 16])
def test_an_empty_log_is_right(end: int) -> None:
    found = balance(Extent("touchpoints.store", 2, 10, end, 10), end, [])
    assert (found.pending, found.is_right) == (end - 10, True)
