"""What it costs to read a long customer back: from its checkpoint, and as a whole. `python -m bench.window [--events 1000000]`

Starts a ClickHouse of its own in a temporary folder, and folds one customer through the real journeys step.
"""

import gc
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Annotated, Any
from uuid import uuid4

import psutil
import typer

from bench.drive import drive
from bench.history import NOW, events, journeys
from deploy.local.clickhouse import ClickHouse
from schemas.ids import Id, from_uuid
from schemas.messages import Mark
from schemas.tables import FACTS, Block
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.server import Server
from sinks.clickhouse.store import ClickHouseStore
from streams.steps.journeys import Item, Journeys

AT_ONCE = 10_000


def fill(store: ClickHouseStore, node: Id, count: int) -> Journeys:
    """The facts of one customer and their rows; gives the step that wrote them."""
    step = journeys(store)  # type: ignore[arg-type]  # drive takes any store
    for first in range(0, count, AT_ONCE):
        batch = events(node, first, min(AT_ONCE, count - first))
        store.insert(Block.of(FACTS, [item.what.fact for item in batch if isinstance(item.what, Mark) and item.what.fact]))
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
    store.insert(Block.of(FACTS, [item.what.fact]))  # type: ignore[union-attr]
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
    [checkpoint] = store.checkpoints_of([node])
    cuts = {node: checkpoint.cut}
    for method in ("fingerprints", "facts_since", "stitched_since", "friction_since"):
        print(f"  {method}: {timed(lambda method=method: getattr(store, method)(cuts)):.1f} ms")
    print(f"  state: {len(checkpoint.state):,} bytes")
    del step
    took, held = restart(store, node, events(node, count, 1)[0])
    print(f"from the checkpoint to the row of one event: {took:.0f} ms, {held:,} bytes held")
    process = psutil.Process(os.getpid())
    gc.collect()
    before, item = process.memory_info().rss, events(node, count - 100_000, 1)[0]
    took, held = restart(store, node, item)
    grown = process.memory_info().rss - before
    print(f"an event 100,000 before the last, in time: {took:.0f} ms, {held:,} bytes held, {grown / 1e6:,.0f} MB on the way")


if __name__ == "__main__":
    typer.run(main)
