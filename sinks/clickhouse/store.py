"""The store on a real ClickHouse. Delivery: at least once and idempotent: rows of one key replace each other."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import uuid4

from clickhouse_driver.errors import ServerException

from schemas.fact import Fact
from schemas.ids import NONE, Id
from schemas.links import Recorded
from schemas.looks import NOTHING, Looks
from schemas.messages import Change, Claim
from schemas.store import Checkpoint, Fingerprint, Hint, Store
from schemas.tables import FACTS, FRICTION, PROPERTIES, STITCHED, Block
from sinks.clickhouse.fence import Fence
from sinks.clickhouse.hints import next_hints
from sinks.clickhouse.inserts import encoded, insert_statement
from sinks.clickhouse.lookups import Lookups
from sinks.clickhouse.recorded import recorded_until
from sinks.clickhouse.ruled import newest_rules, stale_nodes, stale_rows
from sinks.clickhouse.server import FENCED, Connections, Server
from sinks.clickhouse.windows import Windows
from throughline.errors import Fenced

# Collapsing within the block is left to the merges: it costs the insert a tenth, and every read uses FINAL. A block may
# span any number of months: whoever sends old events must not stop the intake.
_INSERT = {"max_insert_threads": 1, "optimize_on_insert": 0, "max_partitions_per_insert_block": 0}
_VERSIONS = ("node", "original_timestamp", "event_id", "version", "customer_id", "due", "row_hash")
_PROPERTIES = ("node", "original_timestamp", "event_id", "version", "properties")
_SIGNALS = ("node", "original_timestamp", "event_id", "signal", "version", "live")


class ClickHouseStore(Store):
    """Thread-safe. One INSERT is one block; keep blocks at 10,000 to 100,000 rows where there is enough to write."""

    def __init__(self, server: Server) -> None:
        self._connections = Connections(server)
        self._fence = Fence(self._connections)
        self._lookups = Lookups(self._connections)
        self._windows = Windows(self._connections)

    def close(self) -> None:
        self._connections.close()

    def insert(self, block: Block) -> None:
        if len(block):
            try:
                self.send(block, uuid4().hex)
            except ServerException as error:
                if error.code != FENCED:
                    raise
                raise Fenced(self._fence.lost(block.fence) or [partition for partition, _ in block.fence]) from error

    def send(self, block: Block, token: str) -> None:
        """One INSERT; the server takes the same bytes under the same token once, however often they are sent."""
        statement, columns = insert_statement(block.table.name), encoded(block)
        settings = {"insert_deduplication_token": token, **_INSERT}
        self._connections.run(
            lambda client, attempt: client.execute(
                statement, columns, columnar=True, settings=settings, query_id=_query_id(block, attempt)
            )
        )

    def register_epoch(self, partition: int) -> int:
        return self._fence.register(partition)

    def inserts_of_older_epochs(self, partition: int, epoch: int) -> int:
        return len(self._fence.inserts_of_older_epochs(partition, epoch))

    def kill_inserts_of_older_epochs(self, partition: int, epoch: int) -> None:
        self._fence.kill(self._fence.inserts_of_older_epochs(partition, epoch))

    def customers_of(self, nodes: Sequence[Id]) -> dict[Id, Change]:
        return self._lookups.customers_of(nodes)

    def facts_of(self, nodes: Sequence[Id], looks: Looks = NOTHING) -> list[Fact]:
        return self._named(self._lookups.facts(nodes), looks)

    def stitched_versions_of(self, nodes: Sequence[Id]) -> list[tuple[Id, int, Id, int, Id, int, int]]:
        return self._lookups.of_nodes(STITCHED, _VERSIONS, nodes)

    def checkpoints_of(self, customers: Sequence[Id]) -> list[Checkpoint]:
        return self._windows.checkpoints_of(customers)

    def fingerprints(self, cuts: Sequence[tuple[Id, int]]) -> list[Fingerprint]:
        return self._windows.fingerprints(cuts)

    def facts_since(self, cuts: Mapping[Id, int], looks: Looks = NOTHING) -> list[Fact]:
        return self._named([Fact(*row) for row in self._windows.since(FACTS, tuple(FACTS.columns), cuts)], looks)

    def _named(self, facts: list[Fact], looks: Looks) -> list[Fact]:
        """The facts with the properties that are looked at; mostly there are none, and nothing more is read."""
        looked = {fact[:3] for fact in facts if looks.of(fact[6], fact[7])} if looks else set()
        if not looked:
            return facts
        nodes, events = {key[0] for key in looked}, {key[1:] for key in looked}
        rows = self._windows.of_events(PROPERTIES, _PROPERTIES, sorted(nodes), sorted(events))
        return looks.complete(facts, {row[:4]: row[4] for row in rows})

    def stitched_since(self, cuts: Mapping[Id, int]) -> list[tuple[Id, int, Id, int, Id, int, int]]:
        return self._windows.since(STITCHED, _VERSIONS, cuts)

    def friction_since(self, cuts: Mapping[Id, int]) -> list[tuple[Id, int, Id, str, int, int]]:
        return self._windows.since(FRICTION, _SIGNALS, cuts)

    def stitched_of_events(
        self, nodes: Sequence[Id], events: Sequence[tuple[int, Id]]
    ) -> list[tuple[Id, int, Id, int, Id, int, int, int, int, str]]:
        return self._windows.of_events(STITCHED, (*_VERSIONS, "event_time", "fact_version", "status"), nodes, events)

    def friction_of_events(
        self, nodes: Sequence[Id], events: Sequence[tuple[int, Id]]
    ) -> list[tuple[Id, int, Id, str, int, int]]:
        return self._windows.of_events(FRICTION, _SIGNALS, nodes, events)

    def friction_of(self, nodes: Sequence[Id]) -> list[tuple[Id, int, Id, str, int, int]]:
        return self._lookups.of_nodes(FRICTION, _SIGNALS, nodes)

    def deadlines(self, partition: int, after: Hint, until: int, limit: int) -> list[tuple[int, Id, int, Id, bool]]:
        return next_hints(self._connections, partition, after, until, limit)

    def offsets_from(self, topic: str, partition: int, offset: int) -> dict[int, int]:
        return self._lookups.offsets_from(topic, partition, offset)

    def claims_until(self, seq: int, after: int = 0) -> Iterable[tuple[int, Claim]]:
        return self._lookups.claims_until(seq, after)

    def recorded_until(self, seq: int) -> Recorded:
        return recorded_until(self._connections, seq)

    def last_claim(self) -> int:
        return self._lookups.last_claim()

    def rules(self) -> tuple[int, int, str] | None:
        return newest_rules(self._connections)

    def stale_nodes(
        self, partitions: Sequence[int], version: int, limit: int, after: Id = NONE
    ) -> list[tuple[Id, int, int]]:
        return stale_nodes(self._connections, partitions, version, limit, after)

    def stale_rows(self, partitions: Sequence[int], version: int) -> int:
        return stale_rows(self._connections, partitions, version)


def _query_id(block: Block, attempt: int) -> str | None:
    """A retry has a name of its own: the first attempt may still be running."""
    if not block.query_id:
        return None
    return block.query_id if attempt == 1 else f"{block.query_id}/{attempt}"
