"""The tables of the store: one description from which rows, inserts, the in-memory twin and the drift test derive.

Python kinds of a column: `id` 16 bytes · `ms` int milliseconds UTC · `low`/`str` text · `u8..u128`, `i64` int · `f64` float ·
`dec4` int in 1/10,000 · `raw` bytes · `lows` tuple of text · `ids` tuple of 16 bytes · `u32s`, `mss`, `f64s` tuple of int, ms, float.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Table:
    """`key` is the ORDER BY that rows replace each other by; `version` the column that decides (None: rows are never replaced,
    the last insert wins on a tie). `fenced`: every row carries `inbox_partition` and `epoch`, and an insert below the
    registered epoch of its partition is refused. `replaces` False: plain MergeTree."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    version: str | None = None
    fenced: bool = False
    replaces: bool = True
    least: tuple[str, ...] = ()  # columns that aggregate by min
    most: tuple[str, ...] = ()  # columns that aggregate by max


FACT_KEY = ("node", "original_timestamp", "event_id")

FACT = {
    "node": "id", "original_timestamp": "ms", "event_id": "id", "event_time": "ms", "received_at": "ms", "version": "u64",
    "channel": "low", "event": "low", "thread": "str", "value": "dec4", "currency": "low", "metric": "low", "score": "f64",
    "location": "str", "about": "str",
}  # fmt: skip

ORIGIN = {"topic": "low", "partition": "u16", "offset": "u64"}

TOUCHPOINTS = Table(
    "touchpoints",
    {"node": "id", "original_timestamp": "ms", "event_id": "id", "event_time": "ms", "received_at": "ms", "version": "u64",
     "channel": "low", "event": "low", "source": "low", **ORIGIN, "raw": "raw"},
    FACT_KEY, "version",
)  # fmt: skip
FACTS = Table("facts", FACT, FACT_KEY, "version")
PROPERTIES = Table(  # filled from `touchpoints` by the store itself
    "properties", {"node": "id", "original_timestamp": "ms", "event_id": "id", "version": "u64", "properties": "raw"},
    FACT_KEY, "version",
)  # fmt: skip
OFFSETS = Table(
    "offsets", {**ORIGIN, "record_time": "ms", "outcome": "low", "fact_hash": "u64"}, ("topic", "partition", "offset")
)
DEAD_LETTERS = Table(
    "dead_letters",
    {**ORIGIN, "record_time": "ms", "reason": "low", "field": "str", "message": "str", "raw": "raw", "record_key": "raw"},
    ("topic", "partition", "offset"),
)  # fmt: skip
IDENTIFIERS = Table(
    "identifiers", {"node": "id", "type": "low", "value": "str", "first_seen": "ms", "last_seen": "ms"}, ("node",),
    least=("first_seen",), most=("last_seen",),
)  # fmt: skip
CLAIMS = Table(
    "claims",
    {"a": "id", "b": "id", "kind": "low", "evidence": "id", "seq": "u64", "a_type": "low", "b_type": "low", "a_home": "u32",
     "b_home": "u32", "first_seen": "ms", "level": "u8", "source": "low", "reason": "str"},
    ("a", "b", "kind", "evidence", "seq"),
)  # fmt: skip
DECISIONS = Table(
    "decisions",
    {"seq": "u64", "a": "id", "b": "id", "kind": "low", "reason": "low", "detail": "str", "customer": "id", "rules": "u32",
     "decided_at": "ms", "evidence": "ids"},
    ("seq", "a", "b", "kind"), replaces=False,
)  # fmt: skip
IDENTITY_MAP = Table("identity_map", {"node": "id", "customer": "id", "seq": "u64"}, ("node",), "seq")
CUSTOMERS = Table(
    "customers",
    {"customer_id": "id", "seq": "u64", "home": "u32", "members": "ids", "member_types": "lows", "member_homes": "u32s",
     "flags": "lows", "newest_first_seen": "ms", "newest_a": "id", "newest_b": "id"},
    ("customer_id",), "seq",
)  # fmt: skip
RULES = Table("rules", {"seq": "u64", "version": "u32", "text": "str", "applied_at": "ms"}, ("seq",))
STITCHED = Table(
    "stitched",
    {"node": "id", "original_timestamp": "ms", "event_id": "id", "version": "u128", "customer_id": "id", "event_time": "ms",
     "received_at": "ms", "channel": "low", "event": "low", "value": "dec4", "currency": "low", "sentiment": "f64",
     "sentiment_source": "low", "status": "low", "session_id": "id", "journey_id": "id", "journey_type": "low",
     "stage": "low", "previous_channel": "low", "previous_gap": "i64", "session_start": "ms", "session_end": "ms",
     "session_touchpoints": "u32", "journey_outcome": "low",
     "journey_start": "ms", "journey_end": "ms", "journey_touchpoints": "u32", "journey_handoffs": "u32",
     "journey_sessions": "u32", "journey_reopened": "u32", "journey_value": "dec4", "journey_channels": "lows",
     "journey_currency": "low", "journey_stage": "low", "journey_emotion_times": "mss", "journey_emotions": "f64s",
     "previous_stage": "low", "stage_time": "i64", "stage_rule": "low", "linked_journey_id": "id", "signals": "lows",
     "due": "ms", "row_hash": "u64", "fact_version": "u64", "inbox_partition": "u16", "epoch": "u64"},
    FACT_KEY, "version", fenced=True,
)  # fmt: skip
FRICTION = Table(
    "friction",
    {"node": "id", "original_timestamp": "ms", "event_id": "id", "signal": "low", "version": "u128", "live": "u8",
     "signal_id": "id", "customer_id": "id", "channel": "low", "location": "str", "at": "ms", "event_time": "ms",
     "detail": "str", "inbox_partition": "u16", "epoch": "u64"},
    (*FACT_KEY, "signal"), "version", fenced=True,
)  # fmt: skip
DEADLINES = Table(
    "deadlines",
    {"inbox_partition": "u16", "due": "ms", "node": "id", "original_timestamp": "ms", "event_id": "id"},
    ("inbox_partition", "due", *FACT_KEY),
)  # fmt: skip
CHECKPOINTS = Table(
    "checkpoints",
    {"customer_id": "id", "rung": "u8", "version": "u128", "rules": "u32", "layout": "u64", "cut": "ms", "folded": "u64",
     "hashes": "u64", "members": "ids", "state": "raw"},
    ("customer_id", "rung"), "version",
)  # fmt: skip

TABLES = {
    table.name: table
    for table in (TOUCHPOINTS, FACTS, PROPERTIES, OFFSETS, DEAD_LETTERS, IDENTIFIERS, CLAIMS, DECISIONS, IDENTITY_MAP, CUSTOMERS, RULES,
                  STITCHED, FRICTION, DEADLINES, CHECKPOINTS)
}  # fmt: skip


@dataclass(frozen=True)
class Block:
    """What one INSERT carries: for each column of the table, in its order, a list of values of equal length.

    `fence` names every (inbox partition, epoch) whose rows are in it. `query_id` names the insert in system.processes.
    """

    table: Table
    columns: Sequence[list[Any]]
    fence: tuple[tuple[int, int], ...] = ()
    query_id: str = field(default="", compare=False)

    @classmethod
    def of(
        cls, table: Table, rows: Iterable[Sequence[Any]], fence: tuple[tuple[int, int], ...] = (), query_id: str = ""
    ) -> "Block":
        columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in table.columns]
        return cls(table, columns, fence, query_id)

    def __len__(self) -> int:
        return len(self.columns[0])
