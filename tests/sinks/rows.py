"""Rows of any table, with what a test does not name left empty."""

from typing import Any

from schemas.ids import NONE, Id
from schemas.store import Store
from schemas.tables import Block, Table

AT = 1_790_000_000_123
EMPTY: dict[str, Any] = {
    **dict.fromkeys(("ms", "u8", "u16", "u32", "u64", "u128", "i64", "dec4"), 0),
    **dict.fromkeys(("lows", "ids", "u32s", "mss", "f64s"), ()),
    "id": NONE,
    "low": "",
    "str": "",
    "raw": b"",
    "f64": 0.0,
}


def id(name: str) -> Id:
    """16 bytes, the last ones zero: a padded string must come back whole."""
    return name.encode().ljust(16, b"\0")


def row(table: Table, **values: Any) -> tuple[Any, ...]:
    unknown = values.keys() - table.columns.keys()
    assert not unknown, f"{table.name} has no {unknown}"
    return tuple(values.get(name, EMPTY[kind]) for name, kind in table.columns.items())


def put(store: Store, table: Table, *rows: dict[str, Any]) -> None:
    """One insert of these rows."""
    fence = tuple({(r["inbox_partition"], r["epoch"]) for r in rows}) if table.fenced else ()
    store.insert(Block.of(table, [row(table, **values) for values in rows], fence))


def at(node: Id, event: str, /, **values: Any) -> dict[str, Any]:
    """A row of `stitched` or `friction`, or a fact."""
    return {"node": node, "original_timestamp": AT, "event_id": id(event), **values}


def owned(node: Id, event: str, /, **values: Any) -> dict[str, Any]:
    """The same, with a fence."""
    return at(node, event, **{"version": 1, "inbox_partition": 0, "epoch": 1, **values})


def customer(id: Id, seq: int, *members: Id) -> dict[str, Any]:
    """A row of `customers`; no members: merged away."""
    types, homes = ("email",) * len(members), tuple(range(len(members)))
    of_members = {"members": members, "member_types": types, "member_homes": homes}
    return {"customer_id": id, "seq": seq, "home": 7, **of_members, "flags": ("new",)}
