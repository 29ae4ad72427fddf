"""What a row costs on its way into ClickHouse, and how long a look-up takes. `python -m bench.sinks`

Starts a server of its own in a temporary folder. CPU of client and server are those of their processes.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table as Grid

from deploy.local.clickhouse import ClickHouse
from schemas.tables import FACTS, FRICTION, OFFSETS, STITCHED, TOUCHPOINTS, Block, Table
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.server import Server
from sinks.clickhouse.store import ClickHouseStore

ROWS, ROUNDS = 50_000, 6
RAW = (
    b'{"event_id":"6b0e3c52-6d1a-4a55-8a6b-0a1f6ab8c001","event":"Order Completed","channel":"store","source":"till-4",'
    b'"original_timestamp":"2026-11-25T07:12:03.123Z","identifiers":{"loyalty_id":"L0001234","email":"someone@example.com"},'
    b'"properties":{"order_id":"o-12345","revenue":19.99,"currency":"USD","products":[{"product_id":"p1","quantity":2,'
    b'"price":4.5},{"product_id":"p2","quantity":1,"price":10.99}]},"context":{"page":{"path":"/checkout"},"locale":"en-US"}}'
)
CHANNELS = ["website", "app", "store", "chat", "email", "phone"]


def column(kind: str, name: str, start: int) -> list[Any]:
    """Values as the agents send them: nodes repeat about ten times, times rise, most texts are few."""
    numbers = range(start, start + ROWS)
    makers: dict[str, Callable[[], list[Any]]] = {
        "id": lambda: [random.randbytes(16) for _ in numbers],
        "ms": lambda: [1_790_000_000_000 + n * 10 for n in numbers],
        "low": lambda: [random.choice(CHANNELS) for _ in numbers],
        "str": lambda: ["/products/shoes" for _ in numbers],
        "raw": lambda: [RAW for _ in numbers],
        "u128": lambda: [1 << 96 | n << 16 for n in numbers],
        "f64": lambda: [9.5 for _ in numbers],
        "lows": lambda: [() if n % 8 else ("store", "app") for n in numbers],
    }
    if name == "node":
        nodes = [random.randbytes(16) for _ in range(ROWS // 10)]
        return [nodes[n % len(nodes)] for n in numbers]
    small = {"partition": 3, "inbox_partition": 3, "live": 1}
    return makers.get(kind, lambda: [small[name]] * ROWS if name in small else list(numbers))()


def block(table: Table, start: int) -> Block:
    return Block(table, [column(kind, name, start) for name, kind in table.columns.items()])


def inserts(store: ClickHouseStore, server: psutil.Process, grid: Grid) -> list[bytes]:
    """us per row of every table; returns nodes that have facts."""
    nodes: list[bytes] = []
    for table in (TOUCHPOINTS, FACTS, OFFSETS, STITCHED, FRICTION):
        blocks = [block(table, i * ROWS) for i in range(ROUNDS)]
        walls, before = [], (time.process_time(), sum(server.cpu_times()[:2]))
        for one in blocks:
            began = time.perf_counter()
            store.insert(one)
            walls.append(time.perf_counter() - began)
        after = time.process_time(), sum(server.cpu_times()[:2])
        client, served = ((b - a) / ROWS / ROUNDS * 1e6 for a, b in zip(before, after, strict=True))
        grid.add_row(
            table.name, str(len(table.columns)), f"{min(walls) / ROWS * 1e6:.2f}", f"{client:.2f}", f"{served:.2f}"
        )
        nodes = blocks[0].columns[0] if table is FACTS else nodes
    return nodes


def lookups(store: ClickHouseStore, nodes: list[bytes], grid: Grid) -> None:
    """ms of each look-up of a journeys worker, median of some."""
    for name in ("facts_of", "stitched_versions_of", "friction_of", "customers_of"):
        cells = []
        for size in (1, 50, 5_000):
            walls = []
            for _ in range(20 if size < 1_000 else 5):
                wanted = random.sample(nodes, size) if size <= len(nodes) else nodes
                began = time.perf_counter()
                getattr(store, name)(list(dict.fromkeys(wanted)))
                walls.append(time.perf_counter() - began)
            cells.append(f"{sorted(walls)[len(walls) // 2] * 1000:.1f}")
        grid.add_row(name, *cells)


def main() -> None:
    """Prints both tables."""
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        clickhouse = ClickHouse(Path(folder) / "clickhouse").start()
        try:
            migrator = Server(port=clickhouse.tcp_port, user="migrator", password=clickhouse.users["migrator"])
            apply(migrator)
            store = ClickHouseStore(
                Server(port=clickhouse.tcp_port, user="worker", password=clickhouse.users["worker"])
            )
            written = Grid(
                "table", "columns", "us wall", "us client CPU", "us server CPU", title=f"insert, {ROWS:,} rows each"
            )
            read = Grid("look-up", "1 node", "50 nodes", "5,000 nodes", title="ms")
            nodes = inserts(store, psutil.Process(clickhouse.pid or os.getpid()), written)
            lookups(store, nodes, read)
            for grid in (written, read):
                Console().print(grid)
            store.close()
        finally:
            clickhouse.stop()


if __name__ == "__main__":
    main()
