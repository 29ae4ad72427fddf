"""Deadlines of the near future, per partition. The rest lies in ClickHouse, so a million open ones cost no memory."""

import heapq
from collections.abc import Iterable

from schemas.fact import Key
from schemas.ids import Id
from streams.steps.customers import Folded

SLICE = 10 * 60_000  # ms that are held in memory ahead of now
AT_ONCE = 5_000  # deadlines that one batch takes; after a long stop there may be millions

Expired = tuple[int, Key]


class Deadlines:
    """A stale deadline only causes a fold that changes nothing. After an exception in a step its owner is assigned anew, and
    the deadlines are loaded again."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Key]] = []
        self._known: set[tuple[int, int, Key]] = set()
        self._until = 0

    def __len__(self) -> int:
        return len(self._known)

    def next_due(self) -> int | None:
        """ms; the earliest deadline held in memory."""
        return self._heap[0][0] if self._heap else None

    def horizon(self, now: int) -> int:
        """Until when the next slice reaches."""
        return now + SLICE

    def load(self, partition: int, rows: Iterable[tuple[int, int, Id, int, Id]], now: int) -> None:
        """Rows of the table `deadlines` for this partition, up to `horizon(now)`."""
        self._until = max(self._until, self.horizon(now))
        for _, due, node, original_timestamp, event_id in rows:
            self._push(partition, due, (node, original_timestamp, event_id))

    def arm(self, partition: int, folded: Folded) -> None:
        for due, key in folded.deadlines:
            if due <= self._until:
                self._push(partition, due, key)

    def expired(self, now: int) -> list[Expired]:
        """(partition, fact key) of the first deadlines that have come, each once; the rest is for the next batches."""
        found: list[Expired] = []
        while self._heap and self._heap[0][0] <= now and len(found) < AT_ONCE:
            entry = heapq.heappop(self._heap)
            self._known.discard(entry)
            found.append((entry[1], entry[2]))
        return found

    def drop(self, partition: int) -> None:
        self._known = {entry for entry in self._known if entry[1] != partition}
        self._heap = [entry for entry in self._heap if entry[1] != partition]
        heapq.heapify(self._heap)

    def _push(self, partition: int, due: int, key: Key) -> None:
        entry = due, partition, key
        if entry not in self._known:
            self._known.add(entry)
            heapq.heappush(self._heap, entry)
