"""Portions that live events do not feel."""

from streams.worker.pace import Bounds, Pace


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def portion(pace: Pace, clock: Clock, seconds: float) -> int:
    """The limit of a portion that takes so long."""
    with pace.portion() as limit:
        clock.now += seconds
    return limit


def test_portions_grow_while_they_are_short_and_shrink_when_they_are_long() -> None:
    clock = Clock()
    pace = Pace(Bounds(100, 300), clock)
    assert [portion(pace, clock, seconds) for seconds in (0.01, 0.01, 0.2, 0.5, 9.0)] == [100, 200, 300, 300, 150]
    portion(pace, clock, 9.0)
    assert pace.limit == 100


def test_under_load_a_quarter_of_the_time_is_left_to_portions() -> None:
    clock = Clock()
    pace = Pace(clock=clock)
    assert pace.admits(crowded=True)
    portion(pace, clock, 0.2)
    assert pace.admits(crowded=False) and not pace.admits(crowded=True)
    clock.now += 0.59
    assert not pace.admits(crowded=True)
    clock.now += 0.02
    assert pace.admits(crowded=True)
