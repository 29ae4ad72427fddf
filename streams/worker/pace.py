"""How much background work is done between batches: portions of a length that live events do not feel, and under load a share."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AIM = 0.1  # s that a portion should take
SHARE = 4  # under load a portion may take one part in so many of the time


class Pace:
    """`limit`: how large the next portion may be; it follows from how long the last ones took."""

    def __init__(self, first: int = 100, most: int = 2_000, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit, self._most, self._clock = first, most, clock
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
            self.limit = min(self.limit * 2, self._most)
        elif took > AIM * 2:
            self.limit = max(self.limit // 2, 1)
