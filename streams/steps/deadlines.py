"""Deadlines of the near future, per partition. The rest lies in ClickHouse, so a million open ones cost no memory.

Hints are read from the table in their order, a portion at a time, up to some minutes ahead of now: what has been read and
has not come yet lies in a heap of bounded size, whether a million fall due in one minute or in a year.
"""

import heapq
from collections.abc import Iterable
from typing import NamedTuple

from schemas.fact import Key
from schemas.store import Hint

SLICE = 5 * 60_000  # ms ahead of now that are held in memory
STEP = 60_000  # ms of it that may pass before the next portion is read
PORTION = 2_000  # hints that one query reads
HELD = 20_000  # hints in memory above which only the earliest are kept; about 400 bytes each
ALONE = 1_000  # deadlines that one batch takes; live events that come meanwhile wait so long
AMID = 200  # that a batch with live events takes

Entry = tuple[int, int, Key]  # due, partition, fact key
Expired = tuple[int, Key]
Read = tuple[int, bytes, int, bytes, bool]  # a hint, and whether its row still has a deadline


class Reading(NamedTuple):
    """A query under way: at most `limit` hints of a partition behind `after` and not after `until` (ms)."""

    partition: int
    after: Hint
    until: int
    limit: int


class Deadlines:
    """Loses no hint that is durable before `arm` is told of it. A stale one only causes a fold that changes nothing. After an
    exception in a step the partitions are assigned anew, and all is read again."""

    def __init__(self, held: int = HELD, portion: int = PORTION) -> None:
        self.held, self.portion = held, portion
        self._heap: list[Entry] = []
        self._known: set[Entry] = set()
        self._read: dict[int, Hint] = {}  # by partition: hints up to this one are known, or have come
        self._readings: dict[int, Reading] = {}

    def __len__(self) -> int:
        return len(self._known)

    def next_due(self) -> int | None:
        """ms; the earliest deadline held in memory."""
        return self._heap[0][0] if self._heap else None

    def behind(self, now: int) -> list[int]:
        """The partitions of which the next portion should be read: what comes first must be in memory, what comes later
        only while there is room."""
        before = now + SLICE - STEP
        if len(self) >= self.held:
            before = min(before, self._heap[0][0])
        return [partition for partition, read in self._read.items() if read.due < before]

    def begin(self, partition: int, now: int) -> Reading:
        """What to ask next; from here on `arm` takes what falls into it, as the answer may be too old for that."""
        after = self._read.get(partition, Hint(0))
        reading = self._readings[partition] = Reading(partition, after, now + SLICE, self.portion)
        return reading

    def load(self, reading: Reading, rows: list[Read]) -> None:
        """The answer. It counts for nothing if the partition went meanwhile, or hints were let go that it may lack."""
        if self._readings.get(reading.partition) is not reading:
            return
        del self._readings[reading.partition]
        is_full = len(rows) >= reading.limit
        self._read[reading.partition] = Hint(*rows[-1][:4]) if is_full else Hint(reading.until + 1)
        for due, node, original_timestamp, event_id, is_open in rows:
            if is_open:
                self._push(reading.partition, due, (node, original_timestamp, event_id))

    def arm(self, partition: int, deadlines: Iterable[tuple[int, Key]]) -> None:
        """To be told once the hints and the rows that they are about are durable: then what is not taken here is read."""
        reading, read = self._readings.get(partition), self._read.get(partition)
        until = reading.until if reading else read.due if read else 0
        for due, key in deadlines:
            if due <= until:
                self._push(partition, due, key)

    def expired(self, now: int, most: int = ALONE) -> list[Expired]:
        """(partition, fact key) of the first deadlines that have come, each once; the rest is for the next batches."""
        found: list[Expired] = []
        while self._heap and self._heap[0][0] <= now and len(found) < most:
            entry = heapq.heappop(self._heap)
            self._known.discard(entry)
            found.append((entry[1], entry[2]))
        return found

    def drop(self, partition: int) -> None:
        self._read.pop(partition, None)
        self._readings.pop(partition, None)
        self._keep([entry for entry in self._heap if entry[1] != partition])

    def _push(self, partition: int, due: int, key: Key) -> None:
        entry = due, partition, key
        if entry not in self._known:
            self._known.add(entry)
            heapq.heappush(self._heap, entry)
            if len(self._heap) > 2 * self.held:
                self._shrink()

    def _shrink(self) -> None:
        """Lets the later ones go; they are in the table and will be read from there."""
        cut = sorted(self._heap)[self.held][0]
        self._keep([entry for entry in self._heap if entry[0] < cut])
        self._readings.clear()
        self._read = {partition: min(read, Hint(cut)) for partition, read in self._read.items()}

    def _keep(self, entries: list[Entry]) -> None:
        heapq.heapify(entries)
        self._heap, self._known = entries, set(entries)
