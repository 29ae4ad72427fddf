"""A second set of some tables, filled beside the first while everybody goes on, then exchanged with it at one moment.

A view copies every insert from the moment when it is made (`feed`), also after the exchange, then the other way; so neither set
ever lacks a row of those who write. Tables and views begin with `rebuild_`; what a killed run left is dropped by `clear`.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from clickhouse_driver.errors import ServerException

from schemas.tables import CUSTOMERS, FRICTION, IDENTITY_MAP, STITCHED, Block, Table
from sinks.clickhouse.columns import decoded, selected
from sinks.clickhouse.inserts import encoded, insert_statement
from sinks.clickhouse.migrate import rendered
from sinks.clickhouse.server import FENCED, Connections, Server

PREFIX, FEED = "rebuild_", "rebuild_feed_"
TABLES = IDENTITY_MAP, CUSTOMERS, FRICTION, STITCHED
ROWS_AT_ONCE = 1_000_000  # of which one query compares the rows
ATTEMPTS = 20  # to write rows while workers become owners
_INSERT = {"max_insert_threads": 1, "max_partitions_per_insert_block": 0}
# Not a part of what a row says: versions and the fence tell of its writer, the newest pair and the customer at the time of a
# signal of the moment of writing.
_BESIDE = {
    "stitched": {"version", "inbox_partition", "epoch"},
    "friction": {"version", "inbox_partition", "epoch", "customer_id"},
    "customers": {"newest_first_seen", "newest_a", "newest_b"},
    "identity_map": {"seq"},
}
_OTHERS = {"identity_map": ", if(node = customer, 0, seq)"}  # of one that is its own the seq depends on the batch


class Fault(NamedTuple):
    """A key whose present row is not the rebuilt one. `kind`: differing, missing (at present), surplus (no such row is right)."""

    key: tuple[Any, ...]
    kind: str


class Shadow:
    """`ddl`: who may create tables, `rows`: who may insert. Raises what `Connections.run` raises."""

    def __init__(self, ddl: Server, rows: Server) -> None:
        self._server = ddl
        self._ddl, self._rows = Connections(ddl), Connections(rows)

    def close(self) -> None:
        self._ddl.close()
        self._rows.close()

    def clear(self, tables: Sequence[Table] = TABLES) -> None:
        """Views first, and what is on its way through them: an insert must not meet a view without its table."""
        names = {name for (name,) in self._ask("SELECT name FROM system.tables WHERE database = currentDatabase()")}
        feeds = [table.name for table in tables if (FEED + table.name).encode() in names]
        for name in feeds:
            self._run(f"DROP VIEW IF EXISTS ${{store}}.{FEED}{name} ${{on_cluster}} SYNC")
        if feeds:
            self.wait_for_inserts()
        for table in tables:
            if (PREFIX + table.name).encode() in names:
                self._run(f"DROP TABLE IF EXISTS ${{store}}.{PREFIX}{table.name} ${{on_cluster}} SYNC")

    def create(self, *tables: Table) -> None:
        for table in tables:
            self._run(f"CREATE TABLE ${{store}}.{PREFIX}{table.name} ${{on_cluster}} AS ${{store}}.{table.name}")

    def feed(self, *tables: Table) -> None:
        """From the return on every insert into the tables is one into their shadows."""
        for table in tables:
            self._run(
                f"CREATE MATERIALIZED VIEW ${{store}}.{FEED}{table.name} ${{on_cluster}} TO ${{store}}.{PREFIX}{table.name}"
                f" DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT * FROM ${{store}}.{table.name}"
            )
        self.wait_for_inserts()

    def wait_for_inserts(self) -> None:
        """Until all inserts that are under way now have ended."""
        running = "SELECT query_id FROM system.processes WHERE query_kind = 'Insert'"
        before = set(self._ask(running))
        while before & set(self._ask(running)):
            time.sleep(0.05)

    def exchange(self, table: Table) -> None:
        """Readers and writers see all of one or all of the other."""
        self._run(f"EXCHANGE TABLES ${{store}}.{table.name} AND ${{store}}.{PREFIX}{table.name} ${{on_cluster}}")

    def insert(self, block: Block) -> None:
        """Of a fenced table the epochs are set to those of the present owners."""
        for attempt in range(ATTEMPTS):
            try:
                self._send(self._owned(block) if block.table.fenced else block)
                return
            except ServerException as error:
                if error.code != FENCED or attempt == ATTEMPTS - 1:
                    raise
                time.sleep(0.1)

    def _send(self, block: Block) -> None:
        statement, columns = insert_statement(block.table.name, PREFIX + block.table.name), encoded(block)
        settings = {"insert_deduplication_token": uuid4().hex, **_INSERT}
        self._rows.run(lambda client, _: client.execute(statement, columns, columnar=True, settings=settings))

    def _owned(self, block: Block) -> Block:
        epochs = dict(self._ask("SELECT partition, epoch FROM owners"))
        *others, _ = block.columns
        partitions = block.columns[list(block.table.columns).index("inbox_partition")]
        return Block(block.table, [*others, [epochs.get(partition, 0) for partition in partitions]])

    def rows(self, table: Table) -> int:
        return int(self._ask(f"SELECT count() FROM {PREFIX}{table.name} FINAL")[0][0])

    def faults(self, table: Table, rebuilt: str, present: str) -> Iterator[Fault]:
        """Compares all that rows say, in portions of bounded memory. The tables are named as they are now."""
        rows = max(int(self._ask(f"SELECT count() FROM {name}")[0][0]) for name in (rebuilt, present))
        portions = rows // ROWS_AT_ONCE + 1
        key = {name: table.columns[name] for name in table.key}
        for portion in range(portions):
            query = _comparison(table, rebuilt, present, f"cityHash64({table.key[0]}) % {portions} = {portion}")
            for piece in self._ddl.stream(query):
                *keys, kinds = decoded({**key, "kind": "str"}, piece)
                yield from map(Fault, zip(*keys, strict=True), kinds)

    def _ask(self, query: str) -> list[tuple[Any, ...]]:
        return list(zip(*self._ddl.ask(query), strict=True))

    def _run(self, statement: str) -> None:
        self._ddl.ask(rendered(statement, self._server))


def _comparison(table: Table, rebuilt: str, present: str, where: str) -> str:
    beside = {*table.key, *_BESIDE[table.name]}
    said = ", ".join(name for name in table.columns if name not in beside) + _OTHERS.get(table.name, "")
    key = ", ".join(table.key)
    sides = " UNION ALL ".join(
        f"SELECT {key}, cityHash64({said}) AS said, {side} AS side FROM {name} FINAL WHERE {where}"
        for side, name in ((1, present), (2, rebuilt))
    )
    return (
        f"SELECT {selected({name: table.columns[name] for name in table.key})},"
        " multiIf(sum(side) = 3, 'differing', max(side) = 2, 'missing', 'surplus')"
        f" FROM ({sides}) GROUP BY {key} HAVING sum(side) != 3 OR min(said) != max(said)"
        " SETTINGS max_bytes_before_external_group_by = 1000000000"
    )
