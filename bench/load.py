"""The seeded load of the benchmarks: about 498 bytes of JSON an event, 40 % of the customers identified, 2 % late, 1 % doubled.

Customers are drawn from Zipf(0.75) (the busiest has about 1.4 % of the events); a visit has six events on average, 20 s apart, and
the visits are spread over seven days. The key is the strongest identifier, so one customer's events lie in several partitions.
"""

import datetime as dt
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

START = 1_795_000_000_000  # ms; the first visit
WEEK = 7 * 86_400_000
EVENTS = ("Page Viewed", "Element Clicked", "Products Searched", "Product Viewed", "Product Added", "Checkout Started",
          "Order Completed", "Form Submitted", "Error Occurred")  # fmt: skip
AGENTS = ("Mozilla/5.0 Chrome/150", "Mozilla/5.0 Safari/605", "Mozilla/5.0 Firefox/149")


class Load(NamedTuple):
    """One record: `key` and `value` as they stand in the topic."""

    key: bytes
    value: bytes


@dataclass(frozen=True)
class Shape:
    events: int
    customers: int = 100_000
    seed: int = 7
    late: float = 0.02
    doubled: float = 0.01


def plan(shape: Shape) -> tuple[NDArray[np.int64], ...]:
    """(customer, visit, event time, arrival) of each event, in the order of arrival; times in ms."""
    rng = np.random.default_rng(shape.seed)
    weights = np.arange(1, shape.customers + 1) ** -0.75
    lengths = np.minimum(rng.geometric(1 / 6, max(10, shape.events // 4)), 40)
    visits = int(np.searchsorted(np.cumsum(lengths), shape.events)) + 1
    lengths = lengths[:visits]
    drawn = rng.choice(shape.customers, visits, p=weights / weights.sum())
    customers = rng.permutation(shape.customers)[drawn]
    starts = rng.uniform(0, WEEK, visits)
    visit = np.repeat(np.arange(visits), lengths)[: shape.events]
    steps = np.cumsum(rng.exponential(20_000, len(visit)))
    first = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    times = (START + starts[visit] + steps - steps[np.minimum(first, len(steps) - 1)][visit]).astype(np.int64)
    arrival = times + np.where(rng.random(len(times)) < shape.late, rng.uniform(0, 3_600_000, len(times)), 150).astype(
        np.int64
    )
    order = np.argsort(arrival, kind="stable")
    return customers[visit][order], visit[order], times[order], arrival[order]


def load(shape: Shape) -> Iterator[Load]:
    """The records in the order of arrival. The same shape gives the same records."""
    rng = random.Random(shape.seed)
    known = np.random.default_rng(shape.seed + 1).random(shape.customers) < 0.4
    before: Load | None = None
    for customer, visit, at, arrived in zip(*(column.tolist() for column in plan(shape)), strict=True):
        if before is not None and rng.random() < shape.doubled:
            yield before
        before = _record(rng, bool(known[customer]), customer, visit, (at, arrived))
        yield before


def _record(rng: random.Random, known: bool, customer: int, visit: int, times: tuple[int, int]) -> Load:
    anonymous = "a%016x" % ((customer * 4 + (visit % 3 if known else 0)) * 0x9E3779B97F4A7C15 % (1 << 64))
    identifiers = {"anonymous_id": anonymous}
    if known and rng.random() < 0.6:
        identifiers = {"user_id": f"u{customer:08d}", **identifiers}
    event = EVENTS[min(int(rng.random() * rng.random() * len(EVENTS) * 1.6), len(EVENTS) - 1)]
    text = "%032x" % (rng.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | 0x4 << 76 | 0x2 << 62)
    body = {
        "event_id": f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}",
        "event": event,
        "channel": "website",
        "source": "bench",
        "original_timestamp": iso(times[0]),
        "received_at": iso(times[1]),
        "identifiers": identifiers,
        "context": {"ip": f"10.0.{visit % 251}.{customer % 251}", "userAgent": AGENTS[customer % 3],
                    "locale": ("de-DE", "en-GB", "fr-FR", "en-US")[customer % 4], "campaign": {"name": f"cmp_{visit % 40}"},
                    "page": {"path": f"/cat-{rng.getrandbits(8) % 200}/p"}},
        "properties": {"element": f"btn-{rng.getrandbits(8) % 30}", "x": rng.getrandbits(8), "y": rng.getrandbits(8),
                       "value": round(rng.random() * 100, 2), "duration_ms": rng.getrandbits(12), "currency": "EUR"},
    }  # fmt: skip
    type, value = next(iter(identifiers.items()))
    return Load(f"{type}:{value}".encode(), json.dumps(body, separators=(",", ":")).encode())


def iso(ms: int) -> str:
    moment = dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"
