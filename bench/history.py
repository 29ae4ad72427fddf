"""Does a long history cost more? The 10th against the 10,000th event of one customer, and memory per customer.

    python -m bench.history

Runs the real journeys step on the in-memory store: batches of 100 events in order, cached customers, no network.
"""

import gc
import os
import time
from uuid import uuid4

import psutil

from bench.drive import drive
from schemas.fact import Fact, version_of
from schemas.ids import from_uuid
from schemas.messages import Mark
from sinks.memory import MemoryStore
from sources.channels import discover
from streams.fold.defaults import default_rules
from streams.steps.customers import Cache
from streams.steps.journeys import Item, Journeys
from streams.view import View

NOW = 1_795_000_000_000
BATCH = 100
EVENTS = ("Page Viewed", "Product Viewed", "Products Searched", "Product Added", "Page Viewed")
REPEATS = 20


def events(node: bytes, first: int, count: int) -> list[Item]:
    """Events of one customer, a minute apart, beginning with number `first`."""
    made = []
    for number in range(first, first + count):
        at = NOW - 2_000_000_000 + number * 60_000
        event, id = EVENTS[number % len(EVENTS)], from_uuid(uuid4())
        fact = Fact(
            node, at, id, at, at + 100, version_of(at + 100, number), "website", event, "", 0, "", "", 0.0, "/p"
        )
        made.append(Item(0, Mark(node, fact, 0, 0)))
    return made


def journeys(store: MemoryStore) -> Journeys:
    step = Journeys(default_rules(discover()), View(), 8, Cache(4 << 30))
    drive(step.assign(0, NOW), store)
    return step


def cost(step: Journeys, store: MemoryStore, node: bytes, first: int) -> float:
    """Microseconds an event of a batch that begins with event number `first`."""
    batch = events(node, first, BATCH)
    began = time.process_time()
    drive(step.take(batch, NOW), store)
    return (time.process_time() - began) / BATCH * 1e6


def by_history() -> tuple[float, float]:
    """(after 10 events, after 10,000 events); medians over customers and batches."""
    store = MemoryStore()
    step = journeys(store)
    early = []
    for _ in range(REPEATS):
        node = from_uuid(uuid4())
        drive(step.take(events(node, 0, 10), NOW), store)
        early.append(cost(step, store, node, 10))
    old = from_uuid(uuid4())
    for first in range(0, 10_000, 1_000):
        drive(step.take(events(old, first, 1_000), NOW), store)
    late = [cost(step, store, old, 10_000 + turn * BATCH) for turn in range(REPEATS)]
    return sorted(early)[REPEATS // 2], sorted(late)[REPEATS // 2]


def memory(customers: int = 20_000, touchpoints: int = 10) -> float:
    """Resident bytes per cached customer with so many touchpoints."""
    store = MemoryStore()
    step = journeys(store)
    process = psutil.Process(os.getpid())
    before = 0
    for first in range(0, customers, 1_000):
        batch = [item for _ in range(1_000) for item in events(from_uuid(uuid4()), 0, touchpoints)]
        drive(step.take(batch, NOW), store)
        store = MemoryStore()  # the twin's own rows are not the worker's
        if first == 1_000:
            gc.collect()
            before = process.memory_info().rss
    gc.collect()
    return (process.memory_info().rss - before) / (customers - 2_000)


if __name__ == "__main__":
    tenth, later = by_history()
    print(f"10th event {tenth:.1f} us, 10,000th event {later:.1f} us: {later / tenth:.2f}x (expected at most 1.5x)")
    each = memory()
    print(f"a cached customer with 10 touchpoints: {each:,.0f} bytes, {each:,.0f} MB per 1,000,000 in memory at once")
