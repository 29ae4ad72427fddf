"""The contract of the store. `sinks.clickhouse.ClickHouseStore` and its twin `sinks.memory.MemoryStore` fulfil it."""

from collections.abc import Iterable, Sequence

from schemas.fact import Fact
from schemas.ids import Id
from schemas.messages import Change, Claim
from schemas.tables import Block


class Store:
    """Blocking; called from an executor. Every method may raise `throughline.errors.Unavailable` when the server is away or
    refuses for a passing reason (after the retries of the settings); the caller then drops what it believed to be stored.
    Reads see every insert that was acknowledged before they began, and the newest version of each key.
    """

    def insert(self, block: Block) -> None:
        """Returns after the server has acknowledged. A retry inside is byte-identical, so it collapses.

        Raises `throughline.errors.Fenced` (with `.partitions`) if an epoch of the block is below the registered one:
        then no row of the block is in the table. An empty block is not sent.
        """
        raise NotImplementedError

    def register_epoch(self, partition: int) -> int:
        """Makes the caller the owner of an inbox partition and returns its epoch, greater than any before (protocol: Fence)."""
        raise NotImplementedError

    def inserts_of_older_epochs(self, partition: int, epoch: int) -> int:
        """How many inserts with a query_id `journeys:...<partition>.<older epoch>...` are still running."""
        raise NotImplementedError

    def kill_inserts_of_older_epochs(self, partition: int, epoch: int) -> None:
        """KILL QUERY for those."""
        raise NotImplementedError

    def customers_of(self, nodes: Sequence[Id]) -> dict[Id, Change]:
        """The customer row that each node belongs to now, found through identity_map (or the node's own row).
        Nodes that were never in a claim are missing: such a node is its own customer. A row without members (merged away)
        is never returned."""
        raise NotImplementedError

    def facts_of(self, nodes: Sequence[Id]) -> list[Fact]:
        """Every fact of these nodes, one per key, any order."""
        raise NotImplementedError

    def stitched_versions_of(self, nodes: Sequence[Id]) -> list[tuple[Id, int, Id, int, Id, int, int]]:
        """(node, original_timestamp, event_id, version, customer_id, due, row_hash) of each stitched row of these nodes."""
        raise NotImplementedError

    def friction_of(self, nodes: Sequence[Id]) -> list[tuple[Id, int, Id, str, int, int]]:
        """(node, original_timestamp, event_id, signal, version, live) of each friction row."""
        raise NotImplementedError

    def deadlines(self, partitions: Sequence[int], until: int, after: int = 0) -> list[tuple[int, int, Id, int, Id]]:
        """(partition, due, node, original_timestamp, event_id) with after < due <= until whose stitched row still has a
        deadline."""
        raise NotImplementedError

    def offsets_from(self, topic: str, partition: int, offset: int) -> dict[int, int]:
        """{offset: fact_hash} of the records at and after `offset` that are recorded as stored."""
        raise NotImplementedError

    def claims_until(self, seq: int) -> Iterable[tuple[int, Claim]]:
        """(seq, claim) of every recorded claim with seq <= `seq`, in the order of seq."""
        raise NotImplementedError

    def last_claim(self) -> int:
        """The greatest seq of all recorded claims, 0 if there are none."""
        raise NotImplementedError
