"""Each audit query finds what it is for, and nothing at rest."""

from typing import Any

import pytest

from queries import audit
from schemas.fact import Fact
from schemas.ids import Id
from schemas.tables import CUSTOMERS, DEADLINES, IDENTIFIERS, IDENTITY_MAP, OFFSETS, STITCHED
from sinks.clickhouse.server import Connections
from sinks.clickhouse.store import ClickHouseStore
from streams.steps.blocks import fact_hashes, facts_block
from tests.queries.conftest import As
from tests.sinks.rows import AT, at, customer, id, owned, put
from throughline.lag import Extent

A, B, C = id("a"), bytes(range(240, 256)), id("c")
HOUR = 3_600_000
TOPIC = "touchpoints.store"
EXTENT = Extent("touchpoints.store", 0, 0, 100, 8)


@pytest.fixture
def auditor(access: As) -> Connections:
    return access("auditor")


def fact(node: Id, event: str) -> Fact:
    return Fact(node, AT, id(event), AT, AT, 1, "store", "Order Completed", "", 0, "", "", 0.0, "")


def offset(number: int, outcome: str = "stored", hash: int = 0, time: int = AT, partition: int = 0) -> dict[str, Any]:
    origin = {"topic": TOPIC, "partition": partition, "offset": number}
    return {**origin, "record_time": time, "outcome": outcome, "fact_hash": hash}


def put_facts(store: ClickHouseStore, *facts: Fact) -> None:
    store.insert(facts_block(facts))


def put_scene(store: ClickHouseStore) -> None:
    """Two facts of one customer, at rest, with a deadline."""
    facts = fact(A, "1"), fact(B, "2")
    put_facts(store, *facts)
    put(store, OFFSETS, *(offset(i, hash=fact_hashes([f])[0]) for i, f in enumerate(facts)))
    put(store, IDENTITY_MAP, {"node": B, "customer": A, "seq": 1})
    put(store, CUSTOMERS, customer(A, 1, A, B), customer(B, 1))
    put(store, DEADLINES, {"inbox_partition": 0, "due": AT + HOUR, **at(B, "2")})
    put(store, STITCHED, owned(A, "1", customer_id=A), owned(B, "2", customer_id=A, due=AT + HOUR))


def faults(auditor: Connections) -> dict[str, int]:
    checks = (
        audit.stored_without_fact,
        audit.facts_without_row,
        audit.rows_without_fact,
        audit.rows_of_the_wrong_customer,
        audit.nodes_of_no_customer,
        audit.events_counted_twice,
        audit.events_of_two_customers,
        audit.deadlines_missing,
    )
    return {check.__name__: len(check(auditor)) for check in checks if check(auditor)}


def test_at_rest_there_is_no_fault(store: ClickHouseStore, auditor: Connections) -> None:
    put_scene(store)
    assert faults(auditor) == {}


def test_an_empty_store_has_no_fault(store: ClickHouseStore, auditor: Connections) -> None:
    assert faults(auditor) == {}
    assert audit.recorded_offsets(auditor, [EXTENT]) == []
    assert audit.recorded_offsets(auditor, []) == []


def test_every_offset_is_one_thing_and_a_retry_counts_once(store: ClickHouseStore, auditor: Connections) -> None:
    put(store, OFFSETS, offset(4, hash=7), offset(5, "dead"), offset(6, hash=7), offset(7, "gap"), offset(8, hash=9))
    put(
        store,
        OFFSETS,
        offset(4, hash=7),
        offset(9, hash=7, time=AT + HOUR),
        offset(3, hash=9, partition=1, time=AT + 1),
    )
    hour = AT - AT % HOUR
    extents = [Extent(TOPIC, 0, 4, 10, 9), Extent(TOPIC, 1, 0, 4, 4)]
    assert audit.recorded_offsets(auditor, extents) == [
        audit.Recorded(TOPIC, 0, hour, 4, 8, 5, 5, 2, 1, 1, 1),
        audit.Recorded(TOPIC, 0, hour + HOUR, 9, 9, 1, 0, 0, 1, 0, 0),
        audit.Recorded(TOPIC, 1, hour, 3, 3, 1, 1, 0, 1, 0, 0),
    ]


def test_what_kafka_no_longer_holds_is_not_counted_but_remembered(store: ClickHouseStore, auditor: Connections) -> None:
    put(store, OFFSETS, offset(4, hash=7), offset(5, hash=7, time=AT + 1), offset(6, hash=8), offset(7, partition=3))
    (found,) = audit.recorded_offsets(auditor, [Extent(TOPIC, 0, 5, 7, 7)])
    assert (found.first_offset, found.offsets, found.stored, found.duplicate) == (5, 2, 1, 1)


def test_offsets_that_are_in_no_account_are_named(store: ClickHouseStore, auditor: Connections) -> None:
    put(store, OFFSETS, *(offset(i) for i in (2, 3, 5, 8, 9)))
    put(store, OFFSETS, offset(5))
    found = audit.missing_offsets(auditor, "touchpoints.store", 0, 1, 12)
    assert [(r.first, r.end) for r in found] == [(1, 2), (4, 5), (6, 8), (10, 12)]
    assert audit.missing_offsets(auditor, "touchpoints.store", 0, 2, 4) == []
    assert audit.missing_offsets(auditor, "touchpoints.store", 1, 0, 0) == []
    assert [(r.first, r.end) for r in audit.missing_offsets(auditor, "touchpoints.store", 1, 0, 3)] == [(0, 3)]


def test_the_server_computes_the_hash_of_a_fact_as_the_intake_does(
    store: ClickHouseStore, auditor: Connections
) -> None:
    put_facts(store, fact(A, "1"), fact(B, "2"), fact(bytes([255] * 16), "zz"))
    put(store, OFFSETS, offset(0, hash=fact_hashes([fact(bytes([255] * 16), "zz")])[0]), offset(1, hash=5))
    assert audit.stored_without_fact(auditor) == [audit.StoredOffset("touchpoints.store", 0, 1, 5)]


def test_a_fact_that_was_not_folded_is_found(store: ClickHouseStore, auditor: Connections) -> None:
    put_scene(store)
    put_facts(store, fact(B, "3"))
    assert audit.facts_without_row(auditor) == [audit.FactWithoutRow(B, AT, id("3"), AT)]


def test_a_row_without_a_fact_is_found(store: ClickHouseStore, auditor: Connections) -> None:
    put_scene(store)
    put(store, STITCHED, owned(A, "9", customer_id=A))
    assert audit.rows_without_fact(auditor) == [audit.RowWithoutFact(A, AT, id("9"))]


def test_a_row_of_a_former_customer_is_found(store: ClickHouseStore, auditor: Connections) -> None:
    put_scene(store)
    put(store, STITCHED, owned(B, "2", customer_id=B, version=2, due=AT + HOUR))
    assert audit.rows_of_the_wrong_customer(auditor) == [audit.WrongCustomer(B, AT, id("2"), B, A)]


def test_a_map_that_contradicts_the_customers_is_found(store: ClickHouseStore, auditor: Connections) -> None:
    put_scene(store)
    put(store, IDENTITY_MAP, {"node": B, "customer": C, "seq": 2})
    assert audit.nodes_of_no_customer(auditor) == [audit.NodeOfNoCustomer(B, C)]


def test_one_event_under_two_identifiers_is_found_unless_marked(store: ClickHouseStore, auditor: Connections) -> None:
    put(store, STITCHED, owned(A, "1", customer_id=A, status="folded"), owned(B, "1", customer_id=A, status="folded"))
    assert audit.events_counted_twice(auditor) == [audit.CountedTwice(A, AT, id("1"), 2)]
    put(store, STITCHED, owned(B, "1", customer_id=A, status="duplicate", version=2))
    assert audit.events_counted_twice(auditor) == []
    put(store, STITCHED, owned(B, "1", customer_id=B, status="folded", version=3))
    assert audit.events_of_two_customers(auditor) == [audit.OfTwoCustomers(AT, id("1"), (A, B))]


def test_a_customer_that_nothing_wakes_in_time_is_found(store: ClickHouseStore, auditor: Connections) -> None:
    put(store, STITCHED, owned(A, "1", customer_id=A, due=AT + HOUR), owned(B, "2", customer_id=A, due=AT + 2 * HOUR))
    missing = [audit.MissingDeadline(A, A, AT + HOUR)]
    assert audit.deadlines_missing(auditor) == missing
    put(store, DEADLINES, {"inbox_partition": 0, "due": AT + 2 * HOUR, **at(B, "2")})
    assert audit.deadlines_missing(auditor) == missing
    put(store, DEADLINES, {"inbox_partition": 1, "due": AT + HOUR, **at(B, "2")})
    assert audit.deadlines_missing(auditor) == []


def test_the_identifier_behind_a_node_is_told(store: ClickHouseStore, auditor: Connections) -> None:
    put(
        store, IDENTIFIERS, {"node": A, "type": "email", "value": "anna@example.org", "first_seen": AT, "last_seen": AT}
    )
    assert audit.identifiers_of(auditor, [A, B]) == [(A, "email", "anna@example.org")]
    assert audit.identifiers_of(auditor, []) == []


def test_lists_of_faults_are_cut(store: ClickHouseStore, auditor: Connections) -> None:
    put_facts(store, *(fact(A, str(i)) for i in range(5)))
    assert len(audit.facts_without_row(auditor, limit=3)) == 3
