"""What the store promises of customers: each node finds the row that names it, also between the resolver's two writes."""

from schemas.ids import Id
from schemas.messages import Change, Member
from schemas.store import Store
from schemas.tables import CUSTOMERS, IDENTITY_MAP
from tests.sinks.rows import customer, id, put

A, B, C = id("a"), id("b"), id("c")


def change(id: Id, seq: int, *members: Id) -> Change:
    return Change(id, 7, seq, tuple(Member(m, "email", i) for i, m in enumerate(members)), ("new",))


def test_a_node_that_was_never_claimed_has_no_customer_row(store: Store) -> None:
    assert store.customers_of([A]) == {}
    assert store.customers_of([]) == {}


def test_every_member_finds_its_customer(store: Store) -> None:
    put(store, IDENTITY_MAP, {"node": B, "customer": A, "seq": 1})
    put(store, CUSTOMERS, customer(A, 1, A, B))
    assert store.customers_of([A, B, C]) == {A: change(A, 1, A, B), B: change(A, 1, A, B)}


def test_a_merged_customer_is_found_under_its_new_one(store: Store) -> None:
    put(store, CUSTOMERS, customer(B, 1, B, C))
    put(store, IDENTITY_MAP, {"node": C, "customer": B, "seq": 1})
    put(store, IDENTITY_MAP, {"node": C, "customer": A, "seq": 2}, {"node": B, "customer": A, "seq": 2})
    put(store, CUSTOMERS, customer(A, 2, A, B, C), customer(B, 2))
    now = change(A, 2, A, B, C)
    assert store.customers_of([A, B, C]) == {A: now, B: now, C: now}


def test_an_older_row_that_comes_late_changes_nothing(store: Store) -> None:
    put(store, CUSTOMERS, customer(A, 2, A, B))
    put(store, IDENTITY_MAP, {"node": B, "customer": A, "seq": 2})
    put(store, CUSTOMERS, customer(A, 1, A))
    put(store, IDENTITY_MAP, {"node": B, "customer": C, "seq": 1})
    assert store.customers_of([B]) == {B: change(A, 2, A, B)}


def test_between_the_two_writes_of_the_resolver_the_former_customer_answers(store: Store) -> None:
    put(store, CUSTOMERS, customer(B, 1, B, C))
    put(store, IDENTITY_MAP, {"node": C, "customer": B, "seq": 1})
    put(store, IDENTITY_MAP, {"node": C, "customer": A, "seq": 2}, {"node": B, "customer": A, "seq": 2})
    before = change(B, 1, B, C)
    assert store.customers_of([B, C]) == {B: before, C: before}
