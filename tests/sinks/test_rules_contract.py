"""What `schemas.store.Store` promises of rules, held to every implementation."""

from schemas.ids import NONE, Id
from schemas.store import Store
from schemas.tables import RULES, STITCHED
from tests.sinks.rows import AT, id, owned, put

A, B, C = id("a"), id("b"), id("c")


def put_row(store: Store, node: Id, event: str, rules: int, partition: int = 0, revision: int = 0) -> None:
    stamp = rules << 96 | 5 << 48 | revision
    put(store, STITCHED, owned(node, event, version=stamp, inbox_partition=partition, epoch=9))


def all_stale(store: Store, partitions: tuple[int, ...], version: int, limit: int = 1) -> dict[Id, int]:
    """Page after page."""
    found: list[tuple[Id, int, int]] = []
    while page := store.stale_nodes(partitions, version, limit, found[-1][0] if found else NONE):
        assert len(page) <= limit
        found += page
    rows = {node: count for node, _, count in found}
    assert len(rows) == len(found)
    assert {partition for _, partition, _ in found} <= set(partitions)
    return rows


def test_the_rules_with_the_highest_version_hold(store: Store) -> None:
    assert store.rules() is None
    for seq, version in ((3, 2), (9, 7), (5, 4)):
        put(store, RULES, {"seq": seq, "version": version, "text": f"version = {version} # ü", "applied_at": AT})
    assert store.rules() == (9, 7, "version = 7 # ü")


def test_what_was_folded_by_older_rules_is_found_page_by_page(store: Store) -> None:
    for event in ("1", "2", "3"):
        put_row(store, A, event, rules=1)
    put_row(store, B, "1", rules=2)
    put_row(store, C, "1", rules=2, partition=1)
    assert all_stale(store, (0, 1), 2) == {A: 3}
    assert all_stale(store, (0,), 3) == {A: 3, B: 1}
    assert all_stale(store, (0, 1), 3, limit=2) == {A: 3, B: 1, C: 1}
    assert (store.stale_rows((0,), 3), store.stale_rows((1,), 3), store.stale_rows((), 3)) == (4, 1, 0)
    assert store.stale_nodes((), 3, 10) == []


def test_a_row_that_was_folded_again_is_stale_no_more(store: Store) -> None:
    put_row(store, A, "1", rules=1, revision=3)
    put_row(store, A, "1", rules=2, partition=1)
    assert all_stale(store, (0, 1), 2) == {}
    assert store.stale_rows((0, 1), 2) == 0
