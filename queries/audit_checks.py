"""What must hold of the tables, and which customer is to be folded again where it does not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from queries import audit
from schemas.ids import Id, to_uuid
from sinks.clickhouse.server import Connections
from throughline.clock import iso

_TIMES = {"original_timestamp", "received_at", "due"}


@dataclass(frozen=True)
class Check:
    """`find` gives what breaks the promise. `mended_by`: the field that names an identifier of the customer whom a new
    fold cures; empty: a fold does not help, `remedy` says what does."""

    name: str
    promise: str
    find: Callable[[Connections, int], Sequence[Any]]
    mended_by: str = ""
    remedy: str = ""

    def nodes(self, faults: Sequence[Any]) -> set[Id]:
        return {getattr(fault, self.mended_by) for fault in faults} if self.mended_by else set()


class Finding(NamedTuple):
    """`faults` may be cut at the limit of the search."""

    check: Check
    faults: list[Any]


CHECKS = (
    Check(
        "stored_without_fact",
        "every stored offset has its fact",
        audit.stored_without_fact,
        remedy="read it again while Kafka holds it: `throughline replay TOPIC --from OFFSET`",
    ),
    Check("facts_without_row", "every fact is stitched", audit.facts_without_row, mended_by="node"),
    Check(
        "rows_without_fact",
        "no stitched row without its fact",
        audit.rows_without_fact,
        remedy="find out who removed the fact (`throughline replay` brings it back) or wrote the row (`throughline rebuild` drops it)",
    ),
    Check(
        "rows_of_the_wrong_customer",
        "every row stands under its present customer",
        audit.rows_of_the_wrong_customer,
        mended_by="node",
    ),
    Check(
        "nodes_of_no_customer",
        "every identifier is counted by the customer it is mapped to",
        audit.nodes_of_no_customer,
        remedy="have all claims decided again: `throughline rebuild`",
    ),
    Check("events_counted_twice", "no customer has an event twice", audit.events_counted_twice, mended_by="customer"),
    Check("deadlines_missing", "every open deadline will wake its customer", audit.deadlines_missing, mended_by="node"),
)


def find(client: Connections, limit: int = audit.SOME) -> list[Finding]:
    """All checks, each cut at `limit` faults."""
    return [Finding(check, list(check.find(client, limit))) for check in CHECKS]


def still(first: Sequence[Finding], second: Sequence[Finding], limit: int = audit.SOME) -> list[Finding]:
    """What was wrong both times; a list that is cut says too little to take anything away from it."""
    former = {finding.check.name: finding.faults for finding in first}
    return [
        Finding(check, faults if len(faults) >= limit else _common(faults, former[check.name], limit))
        for check, faults in second
    ]


def _common(faults: list[Any], former: list[Any], limit: int) -> list[Any]:
    known = set(former)
    return faults if len(former) >= limit else [fault for fault in faults if fault in known]


def plain(fault: Any) -> dict[str, Any]:
    """A fault for JSON and for people: ids as UUIDs, times as RFC 3339."""
    return {name: _plain(name, value) for name, value in fault._asdict().items()}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return str(to_uuid(value))
    return iso(value) if name in _TIMES else value
