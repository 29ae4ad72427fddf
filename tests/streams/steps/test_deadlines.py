"""Deadlines of the near future."""

from streams.steps.deadlines import AT_ONCE, SLICE, Deadlines

KEY, OTHER = (b"n" * 16, 1, b"e" * 16), (b"m" * 16, 2, b"f" * 16)


def held(*rows: tuple[int, int]) -> Deadlines:
    """(partition, due) each, at the time 0."""
    deadlines = Deadlines()
    for partition, due in rows:
        deadlines.load(partition, [(partition, due, *KEY)], 0)
    return deadlines


def test_a_deadline_expires_once_when_its_time_has_come() -> None:
    deadlines = held((1, 50))
    assert deadlines.expired(49) == []
    assert deadlines.expired(50) == [(1, KEY)]
    assert deadlines.expired(99) == []


def test_the_earliest_comes_first() -> None:
    deadlines = held((1, 50), (2, 30))
    assert deadlines.next_due() == 30
    assert deadlines.expired(60) == [(2, KEY), (1, KEY)]


def test_a_deadline_that_is_loaded_twice_is_held_once() -> None:
    assert len(held((1, 50), (1, 50))) == 1


def test_a_partition_that_went_takes_its_deadlines_along() -> None:
    deadlines = held((1, 50), (2, 30))
    deadlines.drop(2)
    assert deadlines.next_due() == 50


def test_the_slice_ends_some_minutes_ahead() -> None:
    assert Deadlines().horizon(1000) == 1000 + SLICE


def test_a_batch_takes_a_bounded_number_of_deadlines() -> None:
    deadlines = Deadlines()
    deadlines.load(1, [(1, 50, bytes([n % 256, n // 256]) * 8, n, KEY[2]) for n in range(AT_ONCE + 1)], 0)
    assert [len(deadlines.expired(60)) for _ in range(3)] == [AT_ONCE, 1, 0]
