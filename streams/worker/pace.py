"""How much background work is done between batches: portions of a length that live events do not feel, and under load a share."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

AIM = 0.2  # s that a portion should take
SHARE = 4  # under load a portion may take one part in so many of the time


@dataclass(frozen=True)
class Bounds:
    """Of a portion, in rows. Below `least` it gets no shorter: what it costs then are the queries."""

    least: int = 1_000
    most: int = 50_000


class Pace:
    """`limit`: how large the next portion may be; it follows from how long the last ones took."""

    def __init__(self, bounds: Bounds | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._bounds, self._clock = bounds or Bounds(), clock
        self.limit = self._bounds.least
        self._earliest = 0.0

    def admits(self, crowded: bool) -> bool:
        """Whether a portion may be done now. `crowded`: live work waits."""
        return not crowded or self._clock() >= self._earliest

    @contextmanager
    def portion(self) -> Iterator[int]:
        """Gives the limit, and takes the time."""
        began = self._clock()
        yield self.limit
        took = self._clock() - began
        self._earliest = self._clock() + took * (SHARE - 1)
        if took < AIM / 2:
            self.limit = min(self.limit * 2, self._bounds.most)
        elif took > AIM * 2:
            self.limit = max(self.limit // 2, self._bounds.least)
