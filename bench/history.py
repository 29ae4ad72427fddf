"""Does a long history cost more? The 10th against the 10,000th and the 1,000,000th event of one customer, and memory.

    python -m bench.history [--events 1000000]

Runs the real journeys step on the in-memory store: batches of 100 events in order, cached customers, no network. A figure
is the mean over 200 batches: cuts and checkpoints, which come every few hundred events, are in it. The collector of garbage is
off meanwhile: one run of it, which comes every million objects, would weigh more than what is measured.
"""

import gc
import os
import time
import tracemalloc
from typing import Annotated
from uuid import uuid4

import psutil
import typer

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
REPEATS = 200
STEP = 1_000


def events(node: bytes, first: int, count: int) -> list[Item]:
    """Events of one customer, a minute apart, beginning with number `first`."""
    made = []
    for number in range(first, first + count):
        at = NOW - 2_000_000_000 + number * 60_000
        event, id = EVENTS[number % len(EVENTS)], from_uuid(uuid4())
        fact = Fact(
            node, at, id, at, at + 100, version_of(at + 100, number), "website", event, "", 0, "", "", 0.0, "/p"
        )
        made.append(Item(0, Mark(node, fact, 0, 0, 1)))
    return made


def journeys(store: MemoryStore) -> Journeys:
    step = Journeys(default_rules(discover()), View(), 8, Cache(4 << 30))
    drive(step.assign(0, NOW), store)
    return step


def cost(step: Journeys, store: MemoryStore, node: bytes, first: int) -> float:
    """Microseconds an event of a batch that begins with event number `first`."""
    batch = events(node, first, BATCH)
    gc.disable()
    began = time.process_time()
    drive(step.take(batch, NOW), store)
    took = time.process_time() - began
    gc.enable()
    return took / BATCH * 1e6


def early() -> float:
    """Microseconds an event of those that follow the first 10 of a customer, over as many customers as batches."""
    store = MemoryStore()
    step, total = journeys(store), 0.0
    for _ in range(REPEATS):
        node = from_uuid(uuid4())
        drive(step.take(events(node, 0, 10), NOW), store)
        total += cost(step, store, node, 10)
    return total / REPEATS


def later(counts: tuple[int, ...]) -> list[float]:
    """The same after so many events of one customer."""
    step, node, done, costs = journeys(MemoryStore()), from_uuid(uuid4()), 0, []
    for count in counts:
        for first in range(done, count, STEP):
            drive(step.take(events(node, first, STEP), NOW), MemoryStore())  # the twin's own rows are not the worker's
        store = MemoryStore()
        costs.append(sum(cost(step, store, node, count + turn * BATCH) for turn in range(REPEATS)) / REPEATS)
        done = count + REPEATS * BATCH
    return costs


def held(touchpoints: int) -> tuple[int, int]:
    """(bytes that a customer with so many touchpoints holds at most, the estimate by which the cache evicts)."""
    tracemalloc.start()
    step, node = journeys(MemoryStore()), from_uuid(uuid4())
    before, _ = tracemalloc.get_traced_memory()
    most = 0, 0
    for first in range(0, touchpoints, BATCH):
        drive(step.take(events(node, first, min(BATCH, touchpoints)), NOW), MemoryStore())
        if first >= touchpoints - 20 * BATCH:
            gc.collect()
            most = max(most, (tracemalloc.get_traced_memory()[0] - before, step.cache.bytes))
    tracemalloc.stop()
    return most


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


def main(events: Annotated[int, typer.Option(help="of the longest history")] = 1_000_000) -> None:
    gc.freeze()
    gc.set_threshold(1_000_000, 100, 1_000)  # as in a worker
    tenth = early()
    costs = later((10_000, events))
    for count, each in zip((10_000, events), costs, strict=True):
        print(
            f"10th event {tenth:.1f} us, {count:,}th event {each:.1f} us: {each / tenth:.2f}x (expected at most 1.2x)"
        )
    for count in (10, 10_000, 50_000):
        real, estimated = held(count)
        print(
            f"a cached customer with {count:,} touchpoints: {real:,} bytes, estimated {estimated:,} (at most 1,000,000)"
        )
    each = memory()
    print(f"many customers with 10 touchpoints: {each:,.0f} resident bytes each")


if __name__ == "__main__":
    typer.run(main)
