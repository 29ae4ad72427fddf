"""Deadlines of the near future: what is in memory, what is read next, and that no portion loses or doubles one."""

from collections.abc import Iterable

from schemas.fact import Key
from schemas.store import Hint
from streams.steps.deadlines import ALONE, SLICE, STEP, Deadlines, Read

Table = list[Hint]


def hint(due: int, number: int = 0) -> Hint:
    return Hint(due, bytes([number % 256, number // 256]) * 8, number, b"e" * 16)


def key(number: int = 0) -> Key:
    return hint(0, number)[1:]


def answer(table: Iterable[Hint], after: Hint, until: int, limit: int) -> list[Read]:
    """As the store answers."""
    return [(*one, True) for one in sorted(table) if after < one and one.due <= until][:limit]


def read(deadlines: Deadlines, partition: int, table: Iterable[Hint], now: int = 0) -> None:
    reading = deadlines.begin(partition, now)
    deadlines.load(reading, answer(table, *reading[1:]))


def look_ahead(deadlines: Deadlines, table: Iterable[Hint], now: int = 0) -> int:
    """As often as it is wanted; gives how often."""
    times = 0
    while behind := deadlines.behind(now):
        for partition in behind:
            read(deadlines, partition, table, now)
        times += 1
        assert times < 1000
    return times


def come(deadlines: Deadlines, table: Iterable[Hint], until: int) -> list[Key]:
    """All that comes up to a time, in its order."""
    found: list[Key] = []
    for now in range(0, until, 10):
        look_ahead(deadlines, table, now)
        while keys := [key for _, key in deadlines.expired(now)]:
            found += keys
            look_ahead(deadlines, table, now)
    return found


def held(*rows: tuple[int, int]) -> Deadlines:
    """(partition, due) each, at the time 0."""
    deadlines = Deadlines()
    for partition in {partition for partition, _ in rows}:
        read(deadlines, partition, [hint(due) for p, due in rows if p == partition])
    return deadlines


def test_a_deadline_expires_once_when_its_time_has_come() -> None:
    deadlines = held((1, 50))
    assert deadlines.expired(49) == []
    assert deadlines.expired(50) == [(1, key())]
    assert deadlines.expired(99) == []


def test_the_earliest_comes_first() -> None:
    deadlines = held((1, 50), (2, 30))
    assert deadlines.next_due() == 30
    assert deadlines.expired(60) == [(2, key()), (1, key())]


def test_one_that_is_read_and_armed_is_held_once() -> None:
    deadlines = held((1, 50))
    deadlines.arm(1, [(50, key())])
    assert len(deadlines) == 1


def test_one_whose_row_has_no_deadline_any_more_is_passed_over() -> None:
    deadlines = Deadlines()
    deadlines.load(deadlines.begin(1, 0), [(*hint(5, 1), False), (*hint(6, 2), True)])
    assert deadlines.expired(9) == [(1, key(2))]


def test_a_partition_that_went_takes_its_deadlines_along() -> None:
    deadlines = held((1, 50), (2, 30))
    deadlines.drop(2)
    assert deadlines.next_due() == 50
    deadlines.arm(2, [(20, key(7))])
    assert deadlines.next_due() == 50


def test_an_answer_for_a_partition_that_went_counts_for_nothing() -> None:
    deadlines = held((1, 50))
    reading = deadlines.begin(1, SLICE)
    deadlines.drop(1)
    deadlines.load(reading, [(*hint(60), True)])
    read(deadlines, 1, [hint(50), hint(60, 1)])
    assert len(deadlines) == 2


def test_the_next_minute_is_read_when_one_has_passed() -> None:
    deadlines = held((1, 50))
    assert deadlines.behind(STEP + 1) == []
    assert deadlines.behind(STEP + 2) == [1]


def test_one_that_is_armed_beyond_what_was_read_is_read_later() -> None:
    deadlines, far = held((1, 50)), hint(SLICE + STEP, 1)
    deadlines.arm(1, [(far.due, key(1))])
    assert deadlines.expired(far.due) == [(1, key())]
    look_ahead(deadlines, [hint(50), far], 2 * STEP)
    assert deadlines.expired(far.due) == [(1, key(1))]


def test_one_that_is_armed_while_a_query_is_under_way_is_not_lost() -> None:
    deadlines = held((1, 50))
    reading = deadlines.begin(1, 2 * STEP)
    deadlines.arm(1, [(SLICE + STEP, key(1))])
    deadlines.load(reading, [])
    assert deadlines.expired(SLICE + STEP) == [(1, key()), (1, key(1))]


def test_a_batch_takes_a_bounded_number_of_deadlines() -> None:
    deadlines, table = Deadlines(), [hint(50, number) for number in range(ALONE + 1)]
    read(deadlines, 1, table)
    look_ahead(deadlines, table)
    assert [len(deadlines.expired(60)) for _ in range(3)] == [ALONE, 1, 0]


def test_however_many_fall_due_at_one_moment_memory_is_bounded_and_each_comes_once() -> None:
    deadlines, table = Deadlines(held=100, portion=40), [hint(50, number) for number in range(3_000)]
    read(deadlines, 1, table)
    look_ahead(deadlines, table)
    assert 100 <= len(deadlines) <= 140
    found = come(deadlines, table, 70)
    assert len(found) == len(table) == len(set(found))


def test_many_that_are_armed_near_the_end_make_room_for_the_earlier_ones() -> None:
    deadlines, table = Deadlines(held=10, portion=4), [hint(4_950, 900), hint(4_999, 901)]
    read(deadlines, 1, table)
    for number in range(500):
        table.append(hint(5_000 - number, number))
        deadlines.arm(1, [(5_000 - number, key(number))])
        assert len(deadlines) <= 20
    found = come(deadlines, table, 6_000)
    assert found == [one[1:] for one in sorted(table)]


def test_a_hint_written_before_a_reading_began_is_found_by_it_whatever_was_let_go_meanwhile() -> None:
    deadlines = Deadlines(held=2, portion=2)
    table = [hint(due, due) for due in (10, 20, 30)]
    read(deadlines, 1, table)
    reading = deadlines.begin(1, 0)
    for due in (11, 12, 13, 14):  # these make it let go what is later
        table.append(hint(due, due))
        deadlines.arm(1, [(due, key(due))])
    deadlines.load(reading, answer(table, *reading[1:]))
    assert set(come(deadlines, table, 60)) == {one[1:] for one in table}
