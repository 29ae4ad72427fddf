"""What it costs to read a long customer back: from its checkpoint, and as a whole. `python -m bench.window [--events 1000000]`

Starts a ClickHouse of its own in a temporary folder, and folds one customer through the real journeys step.
"""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated, Any
from uuid import uuid4

import psutil
import typer

from bench.drive import drive
from bench.history import NOW, events, journeys
from deploy.local.clickhouse import ClickHouse
from schemas.fact import Fact
from schemas.ids import Id, from_uuid
from schemas.messages import Mark
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.server import Server
from sinks.clickhouse.store import ClickHouseStore
from streams.steps.blocks import facts_block
from streams.steps.journeys import Item, Journeys

AT_ONCE = 10_000


def facts_in(batch: Sequence[Item]) -> list[Fact]:
    return [item.what.fact for item in batch if isinstance(item.what, Mark) and item.what.fact]


def fill(store: ClickHouseStore, node: Id, count: int) -> Journeys:
    """The facts of one customer and their rows; gives the step that wrote them."""
    step = journeys(store)  # type: ignore[arg-type]  # drive takes any store
    for first in range(0, count, AT_ONCE):
        batch = events(node, first, min(AT_ONCE, count - first))
        store.insert(facts_block(facts_in(batch)))
        drive(step.take(batch, NOW + first), store)
    return step


def timed(call: Callable[[], Any], turns: int = 5) -> float:
    """Median ms."""
    took = []
    for _ in range(turns):
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1000)
    return median(took)


def restart(store: ClickHouseStore, node: Id, item: Item) -> tuple[float, int]:
    """ms from an empty cache to the written row of one event, and the bytes that the customer then holds."""
    step = journeys(store)  # type: ignore[arg-type]
    store.insert(facts_block(facts_in([item])))
    began = time.perf_counter()
    drive(step.take([item], NOW * 2), store)
    return (time.perf_counter() - began) * 1000, step.cache.bytes


def main(count: Annotated[int, typer.Option("--events")] = 1_000_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = ClickHouse(Path(folder), databases=("store", "views")).start()
        try:
            logins = server.users
            migrator = Server(server.host, server.tcp_port, "migrator", logins["migrator"], "store", "views")
            apply(migrator)
            store = ClickHouseStore(Server(server.host, server.tcp_port, "worker", logins["worker"], "store", "views"))
            measure(store, count)
            store.close()
        finally:
            server.stop()


def measure(store: ClickHouseStore, count: int) -> None:
    node = from_uuid(uuid4())
    began = time.perf_counter()
    step = fill(store, node, count)
    print(f"{count:,} events of one customer folded and written in {time.perf_counter() - began:.1f} s")
    ladder = store.checkpoints_of([node])
    checkpoint = max(ladder, key=lambda one: one.version)
    cut = node, checkpoint.cut
    print(f"  fingerprint: {timed(lambda: store.fingerprints([cut])):.1f} ms")
    for ask in (store.facts_since, store.stitched_since, store.friction_since):
        print(f"  {ask.__name__}: {timed(partial(ask, dict([cut]))):.1f} ms")
    print(f"  {len(ladder)} checkpoints, {sum(len(one.state) for one in ladder):,} bytes")
    del step
    took, held = restart(store, node, events(node, count, 1)[0])
    print(f"from the checkpoint to the row of one event: {took:.0f} ms, {held:,} bytes held")
    for back in (1_000, 10_000, 100_000, count - 10):
        took, held = restart(store, node, events(node, count - back, 1)[0])
        resident = psutil.Process(os.getpid()).memory_info().rss / 1e6
        print(
            f"an event {back:,} before the last, in time: {took:,.0f} ms; {held:,} bytes held, {resident:,.0f} MB resident"
        )


if __name__ == "__main__":
    typer.run(main)
