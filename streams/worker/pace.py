"""How much background work is done between batches: portions of a length that live events do not feel, and under load a share."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

AIM = 0.1  # s that a portion should take
SHARE = 4  # under load a portion may take one part in so many of the time


class Pace:
    """`limit`: how large the next portion may be; it follows from how long the last ones took."""

    def __init__(self, first: int = 100, most: int = 2_000) -> None:
        self.limit, self._most = first, most
        self._earliest = 0.0

    def admits(self, crowded: bool) -> bool:
        """Whether a portion may be done now. `crowded`: live work waits."""
        return not crowded or time.monotonic() >= self._earliest

    @contextmanager
    def portion(self) -> Iterator[int]:
        """Gives the limit, and takes the time."""
        began = time.monotonic()
        yield self.limit
        took = time.monotonic() - began
        self._earliest = time.monotonic() + took * (SHARE - 1)
        if took < AIM / 2:
            self.limit = min(self.limit * 2, self._most)
        elif took > AIM * 2:
            self.limit = max(self.limit // 2, 1)
