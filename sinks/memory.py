"""The store in memory: the twin of `sinks.clickhouse` for tests and simulations. Deterministic; nothing is durable."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.fact import Fact
from schemas.ids import NONE, Id
from schemas.links import Recorded, links_of
from schemas.looks import NOTHING, Looks, properties_of
from schemas.messages import Change, Claim, Member
from schemas.store import Checkpoint, Fingerprint, Hint, Store
from schemas.tables import TABLES, TOUCHPOINTS, Block, Table
from throughline.errors import Fenced

Values = tuple[Any, ...]


class Rows:
    """The newest row of each key of one table; rows whose key begins alike lie together."""

    def __init__(self, table: Table) -> None:
        names = list(table.columns)
        self.table = table
        self._key = [names.index(name) for name in table.key]
        self._version = names.index(table.version) if table.version else None
        self._least = [names.index(name) for name in table.least]
        self._most = [names.index(name) for name in table.most]
        self._groups: dict[Any, dict[Values, Values]] = defaultdict(dict)
        self._added = 0

    def add(self, row: Values) -> None:
        key = tuple([row[i] for i in self._key])
        if not self.table.replaces:
            self._added += 1
            key = *key, self._added
        group = self._groups[key[0]]
        known = group.get(key)
        group[key] = row if known is None else self._newer(known, row)

    def of(self, first: Any) -> list[Values]:
        """Rows whose key begins with this value."""
        group = self._groups.get(first)
        return list(group.values()) if group else []

    def all(self) -> list[Values]:
        return [row for group in self._groups.values() for row in group.values()]

    def _newer(self, known: Values, row: Values) -> Values:
        if self._least or self._most:
            merged = list(known)
            for i in self._least:
                merged[i] = min(known[i], row[i])
            for i in self._most:
                merged[i] = max(known[i], row[i])
            return tuple(merged)
        at = self._version
        return row if at is None or row[at] >= known[at] else known


class MemoryStore(Store):
    """`admit` and `insert_unfenced` are the two halves of an insert, for simulations where time passes between them."""

    def __init__(self) -> None:
        self._tables = {name: Rows(table) for name, table in TABLES.items()}
        self._epochs: dict[int, int] = {}

    def rows(self, table: Table | str) -> list[dict[str, Any]]:
        """The newest row of each key, as column name -> value, in the order of the key."""
        rows = self._tables[table if isinstance(table, str) else table.name]
        named = [dict(zip(rows.table.columns, row, strict=True)) for row in rows.all()]
        return sorted(named, key=lambda row: [row[name] for name in rows.table.key])

    def insert(self, block: Block) -> None:
        self.admit(block)
        self.insert_unfenced(block)

    def admit(self, block: Block) -> None:
        """Raises `Fenced` if a row's epoch is below the registered one of its partition."""
        if block.table.fenced and len(block):
            names = list(block.table.columns)
            partitions, epochs = (block.columns[names.index(name)] for name in ("inbox_partition", "epoch"))
            owners = zip(partitions, epochs, strict=True)
            lost = {partition for partition, epoch in set(owners) if epoch < self.epoch_of(partition)}
            if lost:
                raise Fenced(sorted(lost))

    def insert_unfenced(self, block: Block) -> None:
        """All rows of the block, at one moment, whoever owns them."""
        add = self._tables[block.table.name].add
        for row in zip(*block.columns, strict=True):
            add(row)
            if block.table is TOUCHPOINTS:
                self._tables["properties"].add((*row[:3], row[5], properties_of(row[-1])))

    def register_epoch(self, partition: int) -> int:
        self._epochs[partition] = self.epoch_of(partition) + 1
        return self._epochs[partition]

    def epoch_of(self, partition: int) -> int:
        """The registered epoch, 0 if there never was one."""
        return self._epochs.get(partition, 0)

    def inserts_of_older_epochs(self, partition: int, epoch: int) -> int:
        return 0

    def kill_inserts_of_older_epochs(self, partition: int, epoch: int) -> None:
        """An insert here has ended when it returns."""

    def customers_of(self, nodes: Sequence[Id]) -> dict[Id, Change]:
        return {node: change for node in nodes if (change := self._customer_of(node)) is not None}

    def facts_of(self, nodes: Sequence[Id], looks: Looks = NOTHING) -> list[Fact]:
        facts = [Fact(*row) for row in self._of_nodes("facts", nodes)]
        return looks.complete(facts, {row[:4]: row[4] for row in self._of_nodes("properties", nodes)})

    def stitched_versions_of(self, nodes: Sequence[Id]) -> list[tuple[Id, int, Id, int, Id, int, int]]:
        at = list(TABLES["stitched"].columns)
        due, hash = at.index("due"), at.index("row_hash")
        return [(*row[:5], row[due], row[hash]) for row in self._of_nodes("stitched", nodes)]

    def checkpoints_of(self, customers: Sequence[Id]) -> list[Checkpoint]:
        return [Checkpoint(*row) for row in self._of_nodes("checkpoints", customers)]

    def fingerprints(self, cuts: Sequence[tuple[Id, int]]) -> list[Fingerprint]:
        return [print for node, cut in dict.fromkeys(cuts) if (print := self._fingerprint(node, cut)) is not None]

    def _fingerprint(self, node: Id, cut: int) -> Fingerprint | None:
        at = list(TABLES["stitched"].columns).index
        facts = [Fact(*row) for row in self._tables["facts"].of(node) if row[3] < cut]
        rows = [row for row in self._tables["stitched"].of(node) if row[at("event_time")] < cut]
        folded = sum(row[at("status")] == "folded" for row in rows)
        hashes = sum(row[at("row_hash")] for row in rows if row[at("status")] != "late") % 2**64
        if not facts and not rows:
            return None
        customers = [row[at("customer_id")] for row in rows]
        return Fingerprint(
            node, cut, len(facts), sum(fact.version for fact in facts) % 2**64,
            len(rows), sum(row[at("fact_version")] for row in rows) % 2**64, folded, hashes,
            max(row[1] for row in (*facts, *rows)), (min(customers), max(customers)) if rows else (),
        )  # fmt: skip

    def facts_since(self, cuts: Mapping[Id, int], looks: Looks = NOTHING) -> list[Fact]:
        return [fact for fact in self.facts_of(list(cuts), looks) if fact.event_time >= cuts[fact.node]]

    def stitched_since(self, cuts: Mapping[Id, int]) -> list[tuple[Id, int, Id, int, Id, int, int]]:
        since = self._keys_since("stitched", cuts)
        return [row for row in self.stitched_versions_of(list(cuts)) if row[:3] in since]

    def friction_since(self, cuts: Mapping[Id, int]) -> list[tuple[Id, int, Id, str, int, int]]:
        since = self._keys_since("friction", cuts)
        return [row for row in self.friction_of(list(cuts)) if row[:3] in since]

    def _keys_since(self, table: str, cuts: Mapping[Id, int]) -> set[Values]:
        time = list(TABLES[table].columns).index("event_time")
        return {row[:3] for row in self._of_nodes(table, list(cuts)) if row[time] >= cuts[row[0]]}

    def stitched_of_events(
        self, nodes: Sequence[Id], events: Sequence[tuple[int, Id]]
    ) -> list[tuple[Id, int, Id, int, Id, int, int, int, int, str]]:
        at, wanted = list(TABLES["stitched"].columns).index, set(events)
        names = ("due", "row_hash", "event_time", "fact_version", "status")
        rows = [row for row in self._of_nodes("stitched", nodes) if row[1:3] in wanted]
        return [(*row[:5], *(row[at(name)] for name in names)) for row in rows]

    def friction_of_events(
        self, nodes: Sequence[Id], events: Sequence[tuple[int, Id]]
    ) -> list[tuple[Id, int, Id, str, int, int]]:
        wanted = set(events)
        return [row for row in self.friction_of(nodes) if row[1:3] in wanted]

    def friction_of(self, nodes: Sequence[Id]) -> list[tuple[Id, int, Id, str, int, int]]:
        return [row[:6] for row in self._of_nodes("friction", nodes)]

    def deadlines(self, partition: int, after: Hint, until: int, limit: int) -> list[tuple[int, Id, int, Id, bool]]:
        hints = sorted(
            row[1:] for row in self._tables["deadlines"].of(partition) if row[1] <= until and row[1:] > after
        )
        return [(*hint, self._has_deadline(hint[1:])) for hint in hints[:limit]]

    def offsets_from(self, topic: str, partition: int, offset: int) -> dict[int, int]:
        rows = [row for row in self._tables["offsets"].of(topic) if row[1] == partition and row[2] >= offset]
        return {row[2]: row[5] for row in rows if row[4] == "stored"}

    def last_claim(self) -> int:
        return max((row[4] for row in self._tables["claims"].all()), default=0)

    def recorded_until(self, seq: int) -> Recorded:
        claims = list(self.claims_until(seq))
        words = tuple((seq, claim) for seq, claim in claims if claim.kind != "link")
        return Recorded(links_of(claim for _, claim in claims), words)

    def claims_until(self, seq: int, after: int = 0) -> Iterable[tuple[int, Claim]]:
        recorded: dict[int, Values] = {}
        for row in self._tables["claims"].all():
            if after < row[4] <= seq and (row[4] not in recorded or row[0] < recorded[row[4]][0]):
                recorded[row[4]] = row
        return [(seq, _claim(recorded[seq])) for seq in sorted(recorded)]

    def rules(self) -> tuple[int, int, str] | None:
        rows = [row[:3] for row in self._tables["rules"].all()]
        return max(rows, key=lambda row: (row[1], -row[0]), default=None)

    def stale_nodes(
        self, partitions: Sequence[int], version: int, limit: int, after: Id = NONE
    ) -> list[tuple[Id, int, int]]:
        stale = [(node, partition) for node, partition in self._stale(partitions, version) if node > after]
        rows, last = Counter(node for node, _ in stale), dict(stale)
        return [(node, last[node], rows[node]) for node in sorted(rows)[:limit]]

    def stale_rows(self, partitions: Sequence[int], version: int) -> int:
        return len(self._stale(partitions, version))

    def _stale(self, partitions: Sequence[int], version: int) -> list[tuple[Id, int]]:
        at = list(TABLES["stitched"].columns).index("inbox_partition")
        rows = self._tables["stitched"].all()
        return [(row[0], row[at]) for row in rows if row[3] >> 96 < version and row[at] in partitions]

    def _of_nodes(self, table: str, nodes: Sequence[Id]) -> list[Any]:
        return [row for node in dict.fromkeys(nodes) for row in self._tables[table].of(node)]

    def _has_deadline(self, key: Values) -> bool:
        due = list(TABLES["stitched"].columns).index("due")
        return any(row[:3] == key and row[due] > 0 for row in self._tables["stitched"].of(key[0]))

    def _customer_of(self, node: Id) -> Change | None:
        mapped = self._tables["identity_map"].of(node)
        for row in self._tables["customers"].of(mapped[0][1] if mapped else node):
            if node in row[3]:
                return _change(row)
        if not mapped and not self._tables["customers"].of(node):
            return None
        # the resolver is between its two writes
        holders = [row for row in self._tables["customers"].all() if node in row[3]]
        return _change(max(holders, key=lambda row: row[1])) if holders else None


def _change(row: Values) -> Change:
    customer, seq, home, nodes, types, homes, flags = row[:7]
    return Change(customer, home, seq, tuple(map(Member, nodes, types, homes)), tuple(flags))


def _claim(row: Values) -> Claim:
    a, b, kind, evidence, _, a_type, b_type, a_home, b_home, *rest = row
    first_seen, level, source, reason = rest
    one, other = Member(a, a_type, a_home), Member(b, b_type, b_home)
    return Claim(kind, one, other, first_seen, level, source, evidence, reason)
