"""What the commands that ask about identity say, over a real store to which the resolver has told a small story."""

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.local.clickhouse import ClickHouse
from schemas.identifiers import home_of, key_of
from schemas.ids import event_id_of, node_of, to_uuid
from schemas.messages import Claim, Member
from schemas.tables import IDENTIFIERS, TOUCHPOINTS
from sinks.clickhouse.connect import open_store, server_of
from sinks.clickhouse.migrate import apply
from streams.identity.rules import IdentityRules
from streams.steps.resolver import Resolver
from tests.sinks.rows import at, put
from tests.streams.steps.outside import AT, Outside
from throughline.cli import build
from throughline.clock import iso
from throughline.options import Settings

KEY = "a key that only the tests know, 0123"
MINUTE = 60_000
CUT_ID = bytes(15) + b"1"
CUT, EVIDENCE_OF_THE_CARD = str(to_uuid(CUT_ID)), [str(to_uuid(event_id_of("1")))]
CARD, MAIL, COOKIE, TABLET = "loyalty_id:KC-1", "email:anna@example.org", "anonymous_id:c-1", "device_id:t-1"
ANNA, BEN, FAMILY, NEW, ORDER = (
    "user_id:anna",
    "user_id:ben",
    "email:family@example.org",
    "phone:+12075550149",
    "order_id:o-7",
)
SEEN = [
    (COOKIE, MAIL), (MAIL, CARD), (ANNA, TABLET), (BEN, TABLET), (ANNA, BEN), *((FAMILY, f"crm_id:{n}") for n in range(4)),
]  # fmt: skip


def member(name: str) -> Member:
    type, _, value = name.partition(":")
    return Member(node_of(type, value, KEY.encode()), type, home_of(key_of(type, value)))


def link(number: int, a: str, b: str) -> Claim:
    return Claim("link", member(a), member(b), AT + number * MINUTE, 1, "shop", event_id_of(str(number)))


@pytest.fixture(scope="module")
def settings(clickhouse: ClickHouse) -> Settings:
    suffix = uuid.uuid4().hex[:8]
    logins = {name: {"user": name, "password": password} for name, password in clickhouse.users.items()}
    server = {"host": clickhouse.host, "port": clickhouse.tcp_port, "http_port": clickhouse.http_port}
    names = {"store_database": f"store_{suffix}", "views_database": f"views_{suffix}"}
    return Settings.model_validate({"clickhouse": {**server, **names, **logins}, "identity": {"key": KEY}})


@pytest.fixture(scope="module")
def between(settings: Settings) -> Iterator[str]:
    """A time after the merges and before the cut."""
    apply(server_of(settings, "migrator"))
    with closing(open_store(settings, "worker")) as store:
        outside, resolver = Outside(), Resolver(IdentityRules(quarantine_at=4), 4)
        outside.store = store  # type: ignore[assignment]  # the real one in place of its twin
        claims = [link(number, *ends) for number, ends in enumerate(SEEN)]
        outside.run(resolver.take(range(len(claims)), claims, AT))
        moment = iso(AT + MINUTE)
        cut = Claim("cut", member(MAIL), member(CARD), 0, 0, "operator", CUT_ID, "eve: the wrong card")
        outside.run(resolver.take([len(claims)], [cut], AT + 2 * MINUTE))
        names = sorted({name for ends in SEEN for name in ends} | {NEW, ORDER})
        put(store, IDENTIFIERS, *(named(name) for name in names))
        raw = b'{"identifiers":{"device_id":"t-1"}}'
        seen = [(0, ANNA), (10, TABLET), (50, TABLET), (60, BEN)]
        rows = [
            at(member(who).node, f"{n}", event_time=AT + n * MINUTE, raw=raw, event="Page Viewed") for n, who in seen
        ]
        put(store, TOUCHPOINTS, *rows)
        yield moment


def named(name: str) -> dict[str, Any]:
    type, _, value = name.partition(":")
    return {"node": member(name).node, "type": type, "value": value, "first_seen": AT, "last_seen": AT + MINUTE}


@pytest.fixture(autouse=True)
def typed(settings: Settings, between: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("throughline.cli._identity_reading.load", lambda folder: settings)
    monkeypatch.setenv("COLUMNS", "80")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build("identity"), ["identity", *arguments])


def shown(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.exception
    assert all(len(line) <= 80 for line in result.stdout.splitlines()[1:]), result.stdout
    return " ".join(result.stdout.split())


def told(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def refused(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 1
    return str(result.exception)


def test_who_names_the_customer_and_all_its_identifiers_with_what_is_special_about_them() -> None:
    found = told("who", "Anna@Example.org")
    assert found["asked"] == MAIL
    assert [(f"{each['type']}:{each['value']}", each["flags"]) for each in found["identifiers"]] == [
        (COOKIE, []), (MAIL, ["cut"]),
    ]  # fmt: skip
    assert found["identifiers"][0]["first_seen"] == "2026-01-01T00:00:00.000Z"
    assert [cut["detail"] for cut in found["cuts"]] == ["eve: the wrong card"]
    text = shown("who", MAIL)
    assert f"{MAIL} 2026-01-01 00:00 2026-01-01 00:01 cut" in text
    assert " are never one customer. eve: the wrong card" in text
    assert told("who", FAMILY)["flags"] == ["quarantined"]


def test_who_names_the_probable_owners_of_a_shared_device() -> None:
    found = told("who", "t-1")
    assert found["flags"] == ["shared"]
    assert sorted((each["identifier"], each["found"], each["touchpoints"]) for each in found["probable_owners"]) == [
        (ANNA, "before", 1), (BEN, "after", 1),
    ]  # fmt: skip
    text = shown("who", "t-1")
    assert f"1 touchpoint: {ANNA} seen on it within 30 min before" in text


def test_who_names_the_shared_devices_that_a_customer_probably_used() -> None:
    found = told("who", "anna")
    assert found["shared_devices"] == [{"identifier": TABLET, "found": "before", "touchpoints": 1}]
    assert f"1 touchpoint of {TABLET} seen on it within 30 min before" in shown("who", "anna")
    assert told("who", CARD)["shared_devices"] == []


def test_explain_shows_the_chain_or_the_rule_that_keeps_two_apart() -> None:
    text = shown("explain", "c-1", MAIL)
    assert (
        f"{COOKIE} and {MAIL} are one customer, by 1 step: {COOKIE} 1 seen together 2026-01-01 00:00:00, level 1"
        in text
    )
    found = told("explain", "c-1", CARD)
    assert not found["one_customer"]
    assert [(each["a"], each["b"], each["reason"]) for each in found["obstacles"]] == [(MAIL, CARD, "cannot_link")]
    assert found["obstacles"][0]["evidence"] == [*EVIDENCE_OF_THE_CARD, CUT]
    assert "unique: one customer would hold two different user_id" in shown("explain", "anna", "ben")
    assert "are two customers: no event has carried an identifier of each." in shown("explain", MAIL, NEW)


def test_history_tells_every_decision_on_a_customer_in_order() -> None:
    found = told("history", "c-1")
    decided = [(each["kind"], each["reason"], {each["a"], each["b"]}) for each in found["decisions"]]
    assert decided == [
        ("attach", "allowed", {COOKIE, MAIL}),
        ("attach", "allowed", {MAIL, CARD}),
        ("cut", "cannot_link", {MAIL, CARD}),
        ("refuse", "cannot_link", {MAIL, CARD}),
    ]
    only = told("history", "c-1", "--only")["decisions"]
    assert [(each["kind"], {each["a"], each["b"]}) for each in only] == [("attach", {COOKIE, MAIL})]
    text = shown("history", "c-1", "--last", "1")
    assert f"{found['decisions_in_all'] - 1} earlier decisions; --last 0 shows all" in text
    assert "Nothing was decided" in shown("history", NEW)


def test_as_of_gives_the_customers_of_that_time(between: str) -> None:
    before = told("as-of", "2020-01-01", MAIL)
    assert (before["customer_id"], before["identifiers"]) == (None, [])
    assert f"At 2020-01-01 00:00:00 UTC, nobody had met {MAIL}." in shown("as-of", "2020-01-01", MAIL)
    joined = told("as-of", between, MAIL)
    assert sorted(each["type"] for each in joined["identifiers"]) == ["anonymous_id", "email", "loyalty_id"]
    now = told("as-of", "2199-01-01", MAIL)
    assert now["customer_id"] == told("who", MAIL)["customer_id"] != joined["customer_id"]
    assert "claims had named 0 identifiers of 0 customers" in shown("as-of", "2020-01-01")
    moved = told("as-of", between)
    assert sorted(each["type"] for each in moved["moved"]) == ["anonymous_id", "email"]
    assert moved["moved_since"] == 2
    assert "2 identifiers of today belonged to another customer" in shown("as-of", between)
    assert f"{CARD} " in shown("as-of", between, "c-1")


def test_what_cannot_be_asked_is_refused_with_a_remedy() -> None:
    assert "order_id:o-7 is of a transaction and joins no customers" in refused("who", "o-7")
    assert "no customer has nobody@example.org" in refused("history", "nobody@example.org")
    assert "are one identifier" in refused("explain", MAIL, "Anna@example.org")
    assert "write it as 2026-11-25T12:00:00Z" in refused("as-of", "yesterday")
    assert "is not between 1970 and 2200" in refused("as-of", "0001-01-01")
