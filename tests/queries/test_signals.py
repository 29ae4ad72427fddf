from queries.signals import names, newest
from schemas.ids import to_uuid
from schemas.tables import FRICTION, IDENTIFIERS
from sinks.clickhouse.store import ClickHouseStore
from tests.queries.conftest import As
from tests.sinks.rows import AT, id, owned, put


def test_the_newest_that_stand_come_first(store: ClickHouseStore, access: As) -> None:
    for number, live in enumerate((1, 1, 0, 1)):
        name = str(number)
        row = owned(
            id("a"), name, signal="unanswered", signal_id=id(name), live=live, at=AT + number, detail="no answer"
        )
        put(store, FRICTION, row)
    found = newest(access("analyst"), 2)
    assert [(each.id, each.at, each.live) for each in found] == [
        (to_uuid(id("3")), AT + 3, True),
        (to_uuid(id("1")), AT + 1, True),
    ]
    assert found[0].customer == to_uuid(id("a"))


def test_a_customer_is_named_by_its_strongest_identifier(store: ClickHouseStore, access: As) -> None:
    put(
        store,
        IDENTIFIERS,
        {"node": id("a"), "type": "email", "value": "a@example.org", "first_seen": AT, "last_seen": AT},
    )
    asked = {to_uuid(id("a")), to_uuid(id("b"))}
    assert names(access("analyst"), asked) == {to_uuid(id("a")): "email:a@example.org"}
    assert names(access("analyst"), set()) == {}
