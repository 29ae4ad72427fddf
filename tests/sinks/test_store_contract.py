"""What `schemas.store.Store` promises, held to every implementation."""

import threading
from hashlib import sha256

import pytest

from schemas.fact import Fact
from schemas.ids import Id
from schemas.store import Hint, Store
from schemas.tables import (
    CHECKPOINTS,
    DEAD_LETTERS,
    DEADLINES,
    DECISIONS,
    FACTS,
    FRICTION,
    IDENTIFIERS,
    OFFSETS,
    STITCHED,
    TOUCHPOINTS,
    Block,
    Table,
)
from streams.steps.blocks import facts_block
from tests.sinks.rows import AT, id, owned, put
from throughline.errors import Fenced

A, B, C = id("a"), id("b"), id("c")


def fact(node: Id, event: str, version: int = 1, at: int = AT) -> Fact:
    times = at + 5, at + 9, version
    return Fact(
        node, at, id(event), *times, "store", "Order Completed", "order_id:ö-1", -199900, "USD", "nps", 9.5, "/a",
        "order_id:ä",
    )  # fmt: skip


def put_facts(store: Store, *facts: Fact) -> None:
    store.insert(facts_block(facts))


def test_facts_come_back_as_they_were(store: Store) -> None:
    facts = [fact(A, "1"), fact(A, "2"), fact(B, "1", version=2**63 + 5)]
    put_facts(store, *facts, fact(C, "9"))
    assert sorted(store.facts_of([A, B])) == sorted(facts)


def test_no_nodes_have_no_facts(store: Store) -> None:
    put_facts(store, fact(A, "1"))
    assert store.facts_of([]) == []
    assert store.facts_of([B]) == []


def test_thousands_of_nodes_are_asked_at_once(store: Store) -> None:
    facts = [fact(i.to_bytes(16, "big"), "1") for i in range(3_000)]
    put_facts(store, *facts)
    assert sorted(store.facts_of([f.node for f in facts[:2_500]])) == facts[:2_500]


def test_the_first_received_of_one_event_counts_in_any_order(store: Store) -> None:
    first, retry = fact(A, "1", version=9), fact(A, "1", version=8)
    put_facts(store, retry)
    put_facts(store, first)
    put_facts(store, fact(B, "1", version=9), fact(B, "1", version=8))
    assert [f.version for f in store.facts_of([A, B])] == [9, 9]


def test_an_event_before_1970_is_one_too(store: Store) -> None:
    old = fact(A, "1", at=-86_400_000)
    put_facts(store, old)
    assert store.facts_of([A]) == [old]


def test_an_empty_block_is_not_sent(store: Store) -> None:
    store.insert(Block.of(FACTS, []))
    store.insert(Block.of(STITCHED, [], ((0, 1),)))
    assert store.facts_of([A]) == []


def test_a_block_stays_as_it_was(store: Store) -> None:
    block = facts_block([fact(A, "1")])
    store.insert(block)
    store.insert(block)
    assert block == facts_block([fact(A, "1")])
    assert store.facts_of([A]) == [fact(A, "1")]


def test_stitched_rows_replace_each_other_by_version(store: Store) -> None:
    high = 3 << 96 | 7 << 48 | 2 << 16
    put(store, STITCHED, owned(A, "1", version=high, customer_id=B, due=AT + 1, row_hash=2**64 - 1))
    put(store, STITCHED, owned(A, "1", version=high - 1, customer_id=A), owned(A, "2", version=1, customer_id=A))
    assert sorted(store.stitched_versions_of([A])) == [
        (A, AT, id("1"), high, B, AT + 1, 2**64 - 1),
        (A, AT, id("2"), 1, A, 0, 0),
    ]


def test_the_last_insert_wins_a_tie(store: Store) -> None:
    for hash in (5, 9, 2):
        put(store, STITCHED, owned(A, "1", version=4, row_hash=hash))
    assert [r[-1] for r in store.stitched_versions_of([A])] == [2]


def test_friction_rows_say_whether_they_live(store: Store) -> None:
    put(
        store,
        FRICTION,
        owned(A, "1", version=1, signal="low_score", live=1),
        owned(A, "1", version=1, signal="unanswered", live=1),
    )
    put(store, FRICTION, owned(A, "1", version=2, signal="low_score", live=0))
    assert sorted(store.friction_of([A])) == [(A, AT, id("1"), "low_score", 2, 0), (A, AT, id("1"), "unanswered", 1, 1)]


def test_each_registration_has_a_greater_epoch(store: Store) -> None:
    epochs = [store.register_epoch(3) for _ in range(3)]
    assert epochs == sorted(set(epochs))
    assert min(epochs) > 0


def test_nobody_who_registers_at_once_holds_the_epoch_of_another(store: Store) -> None:
    epochs: list[int] = []
    threads = [threading.Thread(target=lambda: epochs.append(store.register_epoch(1))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(epochs)) == 5


@pytest.mark.parametrize("table", [STITCHED, FRICTION], ids=lambda table: str(table.name))
def test_a_former_owner_is_fenced_and_none_of_its_rows_are_stored(store: Store, table: Table) -> None:
    old = store.register_epoch(2)
    new = store.register_epoch(2)
    mine = owned(B, "1", version=1, inbox_partition=4, epoch=0)
    with pytest.raises(Fenced) as fenced:
        put(store, table, mine, owned(A, "1", version=1, inbox_partition=2, epoch=old))
    assert fenced.value.partitions == (2,)
    put(store, table, owned(C, "1", version=1, inbox_partition=2, epoch=new))
    assert not store.stitched_versions_of([A, B])
    assert not store.friction_of([A, B])


def test_the_owner_may_write_until_the_next_registers(store: Store) -> None:
    epoch = store.register_epoch(0)
    put(store, STITCHED, owned(A, "1", version=1, epoch=epoch))
    store.register_epoch(1)
    put(store, STITCHED, owned(A, "2", version=1, epoch=epoch))
    assert len(store.stitched_versions_of([A])) == 2


def test_no_inserts_of_older_epochs_run_at_rest(store: Store) -> None:
    epoch = store.register_epoch(0)
    put(store, STITCHED, owned(A, "1", version=1, epoch=epoch))
    assert store.inserts_of_older_epochs(0, epoch + 1) == 0
    store.kill_inserts_of_older_epochs(0, epoch + 1)


def test_deadlines_are_those_whose_row_still_has_one(store: Store) -> None:
    hints = [
        {"inbox_partition": p, "due": AT + d, "node": A, "original_timestamp": AT, "event_id": id(e)}
        for p, d, e in ((0, 1, "open"), (0, 1, "done"), (0, 2, "open"), (1, 1, "open"), (2, 1, "open"), (0, 1, "never"))
    ]
    put(store, DEADLINES, *hints)
    put(store, STITCHED, owned(A, "open", version=1, due=AT + 2), owned(A, "done", version=1, due=AT + 1))
    put(store, STITCHED, owned(A, "done", version=2, due=0))
    open_at = (AT + 1, A, AT, id("open"), True)
    found = store.deadlines(0, Hint(0), AT + 1, 10)
    assert {row[3:] for row in found} == {(id("open"), True), (id("done"), False), (id("never"), False)}
    assert open_at in found
    assert store.deadlines(1, Hint(0), AT + 9, 10) == [open_at]
    assert store.deadlines(0, Hint(AT + 2), AT + 2, 10) == [(AT + 2, A, AT, id("open"), True)]
    assert store.deadlines(0, Hint(AT + 3), AT + 9, 10) == store.deadlines(9, Hint(0), AT + 9, 10) == []


def test_deadlines_are_read_in_portions_that_lose_and_double_none(store: Store) -> None:
    events = [sha256(str(n).encode()).digest()[:16] for n in range(60)]
    hints = [
        {
            "inbox_partition": 3,
            "due": AT + n % 3,
            "node": event[::-1],
            "original_timestamp": AT - n % 2,
            "event_id": event,
        }
        for n, event in enumerate(events)
    ]
    put(store, DEADLINES, *hints)
    found, after = [], Hint(0)
    while rows := store.deadlines(3, after, AT + 9, 7):
        found += rows
        after = Hint(*rows[-1][:4])
    assert sorted(row[:4] for row in found) == sorted(tuple(hint.values())[1:] for hint in hints)
    assert [row[0] for row in found] == sorted(row[0] for row in found)


def test_offsets_from_a_position_are_known(store: Store) -> None:
    origins = [("t", 0, 4), ("t", 0, 5), ("t", 0, 7), ("t", 1, 6), ("u", 0, 6)]
    known = {"outcome": "stored", "fact_hash": 2**64 - 1}
    put(store, OFFSETS, *({"topic": t, "partition": p, "offset": o, **known} for t, p, o in origins))
    put(store, OFFSETS, {"topic": "t", "partition": 0, "offset": 9, "outcome": "dead"})
    assert store.offsets_from("t", 0, 5) == {5: 2**64 - 1, 7: 2**64 - 1}
    assert store.offsets_from("t", 3, 0) == {}


@pytest.mark.parametrize("table", [DECISIONS, IDENTIFIERS, DEAD_LETTERS, TOUCHPOINTS], ids=lambda t: str(t.name))
def test_tables_that_nobody_reads_back_here_take_rows(store: Store, table: Table) -> None:
    put(store, table, {"detail": "\ud800"} if table is DECISIONS else {})
    put(store, table, {"raw": b"\xff\x00"} if table is DEAD_LETTERS else {"raw": b"{}"} if table is TOUCHPOINTS else {})


def stitched(node: Id, event: str, at: int, **values: int | str | Id) -> dict[str, object]:
    """A row whose event time is AT + `at`, of the fact with version 1."""
    said = {"version": 1, "customer_id": A, "event_time": AT + at, "status": "folded", "fact_version": 1, **values}
    return owned(node, event, **said)


def test_what_is_before_a_cut_is_counted_and_summed(store: Store) -> None:
    big = 2**64 - 1
    put_facts(
        store, fact(A, "1", version=5), fact(A, "1", version=big), fact(A, "2", version=3), fact(A, "3", at=AT + 5_000)
    )
    put(
        store,
        STITCHED,
        stitched(A, "1", 5, fact_version=5, row_hash=1),
        stitched(A, "9", 6, status="late", customer_id=B),
    )
    put(
        store, STITCHED, stitched(A, "1", 5, fact_version=big, row_hash=big, version=2), stitched(A, "2", 5, row_hash=3)
    )
    put(store, STITCHED, stitched(A, "3", 5_005, row_hash=7), stitched(A, "4", 9, status="duplicate", row_hash=6))
    found = store.fingerprints([(A, AT + 10), (B, AT), (A, AT + 5)])
    assert found == [(A, AT + 10, 2, 2, 4, 2, 2, 8, AT, (A, B))]
    assert len(store.fingerprints([(A, AT + 10), (A, AT + 9_000)])) == 2


def test_facts_without_rows_and_rows_without_facts_have_a_fingerprint_too(store: Store) -> None:
    put_facts(store, fact(A, "1"))
    put(store, STITCHED, stitched(B, "1", 0, row_hash=8))
    at = AT + 10
    found = {print.node: print for print in store.fingerprints([(A, at), (B, at), (C, at)])}
    assert found == {A: (A, at, 1, 1, 0, 0, 0, 0, AT, ()), B: (B, at, 0, 0, 1, 1, 1, 8, AT, (A, A))}
    assert store.fingerprints([]) == []


def test_what_comes_since_a_cut_is_read_by_the_newest_version_of_each(store: Store) -> None:
    """An attempt after the cut that another, before it, has replaced, is not among them."""
    moved = fact(A, "2", version=1)._replace(event_time=AT + 90)
    put_facts(store, fact(A, "1"), moved, fact(A, "3", at=AT + 50), fact(B, "4", at=AT + 50))
    put_facts(store, moved._replace(event_time=AT + 1, version=2))
    assert {f.event_id for f in store.facts_since({A: AT + 20, B: AT + 60})} == {id("3")}
    assert store.facts_since({}) == []


def test_rows_since_a_cut_of_each_node(store: Store) -> None:
    put(store, STITCHED, stitched(A, "1", 5), stitched(A, "2", 20, row_hash=4), stitched(B, "3", 20))
    put(
        store,
        FRICTION,
        *(owned(n, e, event_time=AT + t, signal="s", live=1) for n, e, t in ((A, "1", 5), (A, "2", 20))),
    )
    cuts = {A: AT + 20, B: AT + 21}
    assert store.stitched_since(cuts) == [(A, AT, id("2"), 1, A, 0, 4)]
    assert store.friction_since(cuts) == [(A, AT, id("2"), "s", 1, 1)]
    assert store.stitched_since({}) == store.friction_since({}) == []


def test_rows_of_single_events_are_found_under_any_of_the_nodes(store: Store) -> None:
    put(
        store,
        STITCHED,
        stitched(A, "1", 5, row_hash=4, due=AT),
        stitched(B, "1", 6, fact_version=9, status="late"),
        stitched(A, "2", 7),
    )
    put(store, FRICTION, *(owned(A, e, signal="s", live=1) for e in "12"))
    events = [(AT, id("1")), (AT + 1, id("2"))]
    assert sorted(store.stitched_of_events([A, B, C], events)) == [
        (A, AT, id("1"), 1, A, AT, 4, AT + 5, 1, "folded"), (B, AT, id("1"), 1, A, 0, 0, AT + 6, 9, "late")
    ]  # fmt: skip
    assert store.friction_of_events([A], events) == [(A, AT, id("1"), "s", 1, 1)]
    assert store.stitched_of_events([A], []) == store.stitched_of_events([], events) == []


def test_the_newest_checkpoint_of_each_rung_of_a_customer_is_found(store: Store) -> None:
    said = {"rules": 1, "layout": 2**64 - 1, "cut": AT, "folded": 3, "hashes": 5, "members": (A, B)}
    made = ((A, 0, 1 << 100, b"\0new"), (A, 0, 7, b"old"), (B, 0, 1, b""), (A, 3, 5, b"far"))
    put(store, CHECKPOINTS, *({"customer_id": c, "rung": r, "version": v, "state": s, **said} for c, r, v, s in made))
    rest = 1, 2**64 - 1, AT, 3, 5, (A, B)
    assert sorted(store.checkpoints_of([A, C])) == [(A, 0, 1 << 100, *rest, b"\0new"), (A, 3, 5, *rest, b"far")]
    assert store.checkpoints_of([]) == []
