"""Time is an argument. All times are UTC, integers in milliseconds since 1970.

Pure code takes `now: int`; shells hold a `Clock`. `ManualClock` is the twin for tests.
"""

import time
from datetime import UTC, datetime


class Clock:
    """The time of day, in milliseconds since 1970 UTC. `now` never blocks and never raises."""

    def now(self) -> int:
        raise NotImplementedError


class SystemClock(Clock):
    """The machine's own clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000


class ManualClock(Clock):
    """Stands still until it is moved."""

    def __init__(self, now: int = 0) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def advance(self, milliseconds: int) -> int:
        """Moves forward and gives the new time."""
        self._now += milliseconds
        return self._now


def iso(milliseconds: int) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-11-25T07:12:03.000Z`."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
