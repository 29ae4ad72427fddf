"""The times of a slice of events: corrected by the sender's clock, and refused where they cannot be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.decoding.refusal import Refusal, refusal
from schemas.decoding.rules import DecodeRules
from schemas.times import BAD, EXAMPLE, parse_all
from throughline.clock import iso

DAY = 86_400_000
LAST = (1 << 42) - 1  # of a received_at, year 2109: the version of a fact has room for no later one
Times = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Timing:
    """ms UTC. `readable`: every timestamp of the event is one. `fits`: and none is too early or too late."""

    original: Times
    event: Times
    received: Times
    readable: Flags
    fits: Flags

    def only(self, wanted: Flags) -> "Timing":
        """Of the events where `wanted` is true."""
        original, event, received = self.original[wanted], self.event[wanted], self.received[wanted]
        return Timing(original, event, received, self.readable[wanted], self.fits[wanted])


def timing_of(events: Sequence[Any], record_times: Sequence[int], rules: DecodeRules) -> Timing:
    """event = received - (sent - original); without sent_at the original time. received: the field where the source is
    trusted, else the record's own time."""
    original = parse_all([event.original_timestamp for event in events])
    sent, has_sent = _optional([event.sent_at for event in events])
    claimed, has_claimed = _optional([event.received_at for event in events])
    readable = (original != BAD) & (sent != BAD) & (claimed != BAD)
    received = np.array(record_times, np.int64).clip(0, LAST)
    if has_claimed.any():
        believed = has_claimed & np.array([event.source in rules.trusted for event in events], np.bool_)
        received = np.where(believed, claimed, received)
    event = np.where(has_sent, received - (sent - original), original)
    first, last = np.minimum(original, event), np.maximum(original, event)
    possible = (received >= 0) & (received <= LAST)
    fits = readable & possible & (first >= rules.earliest_event) & (last <= received + DAY)
    return Timing(original, event, received, readable, fits)


def _optional(texts: list[str | None]) -> tuple[Times, Flags]:
    missing = texts.count(None)
    if missing == len(texts):
        return np.zeros(missing, np.int64), np.zeros(missing, np.bool_)
    given = np.ones(len(texts), np.bool_) if not missing else np.array([text is not None for text in texts], np.bool_)
    return parse_all([EXAMPLE if text is None else text for text in texts]), given


def out_of_time(timing: Timing, index: int, rules: DecodeRules) -> Refusal:
    """Why `fits` is false for an event whose timestamps are readable."""
    original, event, received = (int(times[index]) for times in (timing.original, timing.event, timing.received))
    if not 0 <= received <= LAST:
        return refusal("out_of_time", "received_at", "lies outside 1970 to 2109; correct the importer")
    field, time = ("original_timestamp", original) if not _within(original, received, rules) else ("sent_at", event)
    if time < rules.earliest_event:
        limit = f"before {iso(rules.earliest_event)}; correct the clock, or lower intake.earliest_event"
    else:
        limit = f"more than 24 h after it was received at {iso(received)}; correct the sender's clock"
    return refusal("out_of_time", field, f"the event's time {_shown(time)} lies {limit}")


def _within(time: int, received: int, rules: DecodeRules) -> bool:
    return rules.earliest_event <= time <= received + DAY


def _shown(time: int) -> str:
    try:
        return iso(time)
    except (ValueError, OverflowError):
        return f"{time} ms"
