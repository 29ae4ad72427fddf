"""What the twin offers to tests beside the contract of the store."""

import pytest

from schemas.tables import DECISIONS, FACTS, IDENTIFIERS, STITCHED, Block
from sinks.memory import MemoryStore
from tests.sinks.rows import at, id, owned, put, row
from throughline.errors import Fenced

A, B = id("a"), id("b")


def test_the_newest_rows_come_by_name_in_the_order_of_the_key() -> None:
    store = MemoryStore()
    put(store, FACTS, at(B, "1", version=1), at(A, "1", version=2, value=7))
    put(store, FACTS, at(A, "1", version=1, value=9))
    assert [(r["node"], r["value"]) for r in store.rows(FACTS)] == [(A, 7), (B, 0)]
    assert store.rows("facts") == store.rows(FACTS)


def test_an_identifier_keeps_its_first_and_its_last_time() -> None:
    store = MemoryStore()
    for first, last in ((5, 6), (3, 4), (8, 9)):
        put(store, IDENTIFIERS, {"node": A, "type": "email", "value": "a@b.c", "first_seen": first, "last_seen": last})
    (found,) = store.rows(IDENTIFIERS)
    assert (found["first_seen"], found["last_seen"]) == (3, 9)


def test_decisions_are_never_replaced() -> None:
    store = MemoryStore()
    put(store, DECISIONS, {"seq": 1}, {"seq": 1})
    assert len(store.rows(DECISIONS)) == 2


def test_an_insert_may_be_admitted_before_and_land_after_a_new_owner() -> None:
    store = MemoryStore()
    epoch = store.register_epoch(0)
    block = Block.of(STITCHED, [row(STITCHED, **owned(A, "1", epoch=epoch))], ((0, epoch),))
    store.admit(block)
    assert store.register_epoch(0) == store.epoch_of(0) > epoch
    store.insert_unfenced(block)
    assert len(store.rows(STITCHED)) == 1
    with pytest.raises(Fenced):
        store.admit(block)
