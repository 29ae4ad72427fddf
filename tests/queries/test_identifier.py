"""Which identifier is meant, by those who speak of the identifier itself."""

import pytest

from queries.identifier import JoinsNobody, Named, identifier
from queries.journeys import Ambiguous, NotFound
from schemas.identifiers import home_of
from schemas.ids import to_uuid
from sinks.clickhouse.server import Connections
from sinks.clickhouse.store import ClickHouseStore
from tests.queries.conftest import As
from tests.queries.test_journeys import ANNA, KEY, KNOWN, known, node


@pytest.fixture
def client(store: ClickHouseStore, access: As) -> Connections:
    for type, value in KNOWN:
        known(store, type, value)
    return access("auditor")


def named(type: str, value: str) -> Named:
    return Named(type, value, node(type, value))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("kc-1", named("loyalty_id", "KC-1")),
        ("Anna@example.org", named("email", "anna@example.org")),
        ("207-555-0149", named("phone", "+12075550149")),
        (str(to_uuid(ANNA)), named("loyalty_id", "KC-1")),
        (str(to_uuid(node("email", "anna@example.org"))), named("email", "anna@example.org")),
    ],
)
def test_what_is_typed_names_one_identifier(client: Connections, typed: str, meant: Named) -> None:
    assert identifier(client, typed, "US", KEY) == meant


def test_it_is_the_member_that_the_intake_would_claim() -> None:
    member = named("email", "anna@example.org").member
    assert (member.node, member.type, member.home) == (
        node("email", "anna@example.org"),
        "email",
        home_of("email:anna@example.org"),
    )


def test_one_value_of_two_types_needs_its_type_also_within_one_customer(
    store: ClickHouseStore, client: Connections
) -> None:
    known(store, "email", "x@example.org")
    known(store, "crm_id", "x@example.org")
    with pytest.raises(Ambiguous, match=r"give one of: crm_id:x@example\.org, email:x@example\.org"):
        identifier(client, "x@example.org", "", KEY)
    assert identifier(client, "crm_id:x@example.org", "", KEY) == named("crm_id", "x@example.org")


def test_an_order_joins_nobody_whether_it_was_seen_or_not(store: ClickHouseStore, client: Connections) -> None:
    known(store, "order_id", "o-7", node("order_id", "o-7"))
    for typed in ("o-7", "order_id:o-7", "order_id:never seen"):
        with pytest.raises(JoinsNobody, match="joins no customers"):
            identifier(client, typed, "", KEY, unseen=True)


def test_one_that_nobody_has_sent_is_taken_only_if_that_is_wanted_and_its_type_is_named(client: Connections) -> None:
    assert identifier(client, "email:Bob@example.org", "", KEY, unseen=True) == named("email", "bob@example.org")
    for typed, unseen in (("email:bob@example.org", False), ("bob@example.org", True), ("email:null", True)):
        with pytest.raises(NotFound, match="no customer has"):
            identifier(client, typed, "", KEY, unseen)
