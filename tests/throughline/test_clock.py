import time

from throughline.clock import ManualClock, SystemClock, iso


def test_the_system_clock_counts_milliseconds_since_1970() -> None:
    assert abs(SystemClock().now() - time.time() * 1000) < 1000


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(1000)
    assert clock.now() == 1000
    assert clock.advance(500) == clock.now() == 1500


def test_times_are_written_in_utc_with_milliseconds() -> None:
    assert iso(946_684_800_007) == "2000-01-01T00:00:00.007Z"
