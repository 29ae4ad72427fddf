"""The contract of the store. `sinks.clickhouse.ClickHouseStore` and its twin `sinks.memory.MemoryStore` fulfil it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from schemas.fact import Fact
from schemas.ids import NONE, Id
from schemas.links import Recorded
from schemas.looks import NOTHING, Looks
from schemas.messages import Change, Claim
from schemas.tables import Block


class Checkpoint(NamedTuple):
    """A row of the table `checkpoints`."""

    customer: Id
    rung: int
    version: int
    rules: int
    layout: int
    cut: int  # ms
    folded: int
    hashes: int
    members: tuple[Id, ...]
    state: bytes


class Fingerprint(NamedTuple):
    """What the facts and the stitched rows of one node before a cut come to; sums are modulo 2^64."""

    node: Id
    cut: int  # ms
    facts: int
    fact_versions: int  # sum of the versions in `facts`
    rows: int
    row_versions: int  # sum of the fact_version in `stitched`
    folded: int  # rows with status folded
    hashes: int  # sum of the row_hash of these and of those with status duplicate
    horizon: int  # the greatest original_timestamp of all
    customers: tuple[Id, ...]  # the least and the greatest customer_id of the rows, () if there are none


class Hint(NamedTuple):
    """A row of the table `deadlines` within its partition. `Hint(due)` lies before all hints that are due then."""

    due: int  # ms
    node: Id = NONE
    original_timestamp: int = 0
    event_id: Id = NONE


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

    def facts_of(self, nodes: Sequence[Id], looks: Looks = NOTHING) -> list[Fact]:
        """Every fact of these nodes, one per key, any order, with the properties that `looks` names; without those whose
        properties are not stored yet."""
        raise NotImplementedError

    def stitched_versions_of(self, nodes: Sequence[Id]) -> list[tuple[Id, int, Id, int, Id, int, int]]:
        """(node, original_timestamp, event_id, version, customer_id, due, row_hash) of each stitched row of these nodes."""
        raise NotImplementedError

    def checkpoints_of(self, customers: Sequence[Id]) -> list[Checkpoint]:
        """The checkpoints of these customers, the newest of each rung, whether they are still right or not."""
        raise NotImplementedError

    def fingerprints(self, cuts: Sequence[tuple[Id, int]]) -> list[Fingerprint]:
        """Of each (node, cut in ms) that has facts or rows before it: what they come to."""
        raise NotImplementedError

    def facts_since(self, cuts: Mapping[Id, int], looks: Looks = NOTHING) -> list[Fact]:
        """The same of those whose event time is not before the cut of their node."""
        raise NotImplementedError

    def stitched_since(self, cuts: Mapping[Id, int]) -> list[tuple[Id, int, Id, int, Id, int, int]]:
        """As `stitched_versions_of`, of the rows whose event time is not before the cut of their node."""
        raise NotImplementedError

    def friction_since(self, cuts: Mapping[Id, int]) -> list[tuple[Id, int, Id, str, int, int]]:
        """As `friction_of`, of the rows whose event time is not before the cut of their node."""
        raise NotImplementedError

    def stitched_of_events(
        self, nodes: Sequence[Id], events: Sequence[tuple[int, Id]]
    ) -> list[tuple[Id, int, Id, int, Id, int, int, int, int, str]]:
        """As `stitched_versions_of`, with event_time, fact_version and status behind: the rows of these nodes with one of these
        (original_timestamp, event_id)."""
        raise NotImplementedError

    def friction_of_events(
        self, nodes: Sequence[Id], events: Sequence[tuple[int, Id]]
    ) -> list[tuple[Id, int, Id, str, int, int]]:
        """As `friction_of`, of these nodes with one of these (original_timestamp, event_id)."""
        raise NotImplementedError

    def friction_of(self, nodes: Sequence[Id]) -> list[tuple[Id, int, Id, str, int, int]]:
        """(node, original_timestamp, event_id, signal, version, live) of each friction row."""
        raise NotImplementedError

    def deadlines(self, partition: int, after: Hint, until: int, limit: int) -> list[tuple[int, Id, int, Id, bool]]:
        """The first `limit` hints of a partition behind `after` with due <= until, in the order of the store, each with
        whether its stitched row still has a deadline. One may come twice in a row."""
        raise NotImplementedError

    def offsets_from(self, topic: str, partition: int, offset: int) -> dict[int, int]:
        """{offset: fact_hash} of the records at and after `offset` that are recorded as stored."""
        raise NotImplementedError

    def claims_until(self, seq: int, after: int = 0) -> Iterable[tuple[int, Claim]]:
        """(seq, claim) of every recorded claim with `after` < seq <= `seq`, in the order of seq."""
        raise NotImplementedError

    def recorded_until(self, seq: int) -> Recorded:
        """The same claims as a resolver's state begins with them: links as arrays, all others in the order of seq."""
        raise NotImplementedError

    def last_claim(self) -> int:
        """The greatest seq of all recorded claims, 0 if there are none."""
        raise NotImplementedError

    def rules(self) -> tuple[int, int, str] | None:
        """(seq, version, text) of the rules with the highest version that were applied; None: only those that ship."""
        raise NotImplementedError

    def stale_nodes(
        self, partitions: Sequence[int], version: int, limit: int, after: Id = NONE
    ) -> list[tuple[Id, int, int]]:
        """(node, inbox partition, rows) of the next `limit` nodes, behind `after` in the order of the table, with stitched rows
        that one of these inbox partitions has written by rules below this version."""
        raise NotImplementedError

    def stale_rows(self, partitions: Sequence[int], version: int) -> int:
        """How many such rows there are."""
        raise NotImplementedError
