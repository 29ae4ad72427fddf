"""What the views say of identity, against the functions that define it; written by the resolver itself."""

import random
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from deploy.local.clickhouse import ClickHouse
from schemas.ids import Id, from_uuid, to_uuid
from schemas.messages import Claim, Member
from schemas.tables import CLAIMS, CUSTOMERS, IDENTIFIERS, TOUCHPOINTS
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.store import ClickHouseStore
from streams.identity.explain import explain, obstacles
from streams.identity.resolve import Resolution, resolve
from streams.steps.resolver import Resolver
from tests.sinks.rows import at, customer, id, put
from tests.streams.identity.alphabet import RULES, cut, link, uncut, walk
from tests.streams.steps.outside import AT, PARTITIONS, Outside
from throughline.clock import iso

HISTORIES, CHAINS, REFUSALS = 60, 9, 9
MINUTE = 60_000


@dataclass
class Told:
    """A store to which a resolver has told `log`, and who may only read its views."""

    store: ClickHouseStore
    analyst: Connections
    log: list[Claim]

    def take(self, *claims: Claim) -> None:
        """As a resolver that starts anew."""
        first, outside = len(self.log), Outside()
        self.log += claims
        outside.store = self.store  # type: ignore[assignment]  # the real one in place of its twin
        outside.run(Resolver(RULES, PARTITIONS).take(range(first, len(self.log)), claims, now()))

    def ask(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return list(zip(*self.analyst.ask(query, parameters), strict=True))

    def held(self, at: int) -> list[tuple[Id, Id, int]]:
        """(node, customer, seq) of every identifier of that time."""
        return self._held(f"identity_as_of(at = '{iso(at)}')")

    def members(self, node: Id, at: int) -> list[tuple[Id, Id, int]]:
        """Of the customer to whom this one belonged."""
        return self._held(f"identity_members_as_of(id = '{to_uuid(node)}', at = '{iso(at)}')")

    def _held(self, view: str) -> list[tuple[Id, Id, int]]:
        rows = self.ask(f"SELECT node, customer_id, seq FROM {view} ORDER BY node")
        return [(from_uuid(node), from_uuid(owner), seq) for node, owner, seq in rows]

    def explain(self, a: Id, b: Id) -> list[tuple[Id, Id, str, str]]:
        query = "SELECT a, b, verdict, reason FROM identity_explain(a = %(a)s, b = %(b)s)"
        rows = self.ask(query, a=str(to_uuid(a)), b=str(to_uuid(b)))
        return [(from_uuid(a), from_uuid(b), verdict.decode(), reason.decode()) for a, b, verdict, reason in rows]


def now() -> int:
    return time.time_ns() // 1_000_000


def apart(claim: Claim, number: int) -> Claim:
    """The claim in a world of its own: no other number has these identifiers, or these words of operators."""
    mark = number.to_bytes(2, "big")

    def moved(member: Member) -> Member:
        return msgspec.structs.replace(member, node=member.node[:14] + mark)

    return msgspec.structs.replace(claim, a=moved(claim.a), b=moved(claim.b), evidence=claim.evidence[:14] + mark)


@pytest.fixture(scope="module")
def told(clickhouse: ClickHouse) -> Iterator[Told]:
    suffix, chance = uuid.uuid4().hex[:8], random.Random(11)
    migrator = Server(clickhouse.host, clickhouse.tcp_port, "migrator", clickhouse.users["migrator"])
    migrator = replace(migrator, store=f"store_{suffix}", views=f"views_{suffix}")
    apply(migrator)
    worker, analyst = (replace(migrator, user=name, password=clickhouse.users[name]) for name in ("worker", "analyst"))
    with closing(ClickHouseStore(worker)) as store, closing(Connections(analyst, database=analyst.views)) as views:
        told = Told(store, views, [])
        claims = [apart(claim, number) for number in range(HISTORIES) for claim in walk(chance, (12, 30))]
        for start in range(0, len(claims), 400):
            told.take(*claims[start : start + 400])
        yield told


@pytest.fixture(scope="module")
def found(told: Told) -> Resolution:
    return resolve(told.log, RULES)


def test_the_view_explains_a_customer_by_the_same_chain(told: Told, found: Resolution) -> None:
    chains = [
        (explain(found, a.node, b.node), a.node, b.node) for some in found.members.values() for a in some for b in some
    ]
    chains.sort(key=lambda one: (-len(one[0]), one[1:]))
    for chain, a, b in chains[:CHAINS] + chains[-1:]:
        assert told.explain(a, b) == [(*step, "accepted", "allowed") for step in chain]
    assert len(chains[CHAINS][0]) > 1


def test_the_view_names_the_same_obstacles_between_two_customers(told: Told, found: Resolution) -> None:
    refused = sorted((refusal.rule, ends) for ends, refusal in found.verdicts.items() if refusal)
    apart = [(rule, *ends) for rule, ends in refused if found.customer_of[ends[0]] != found.customer_of[ends[1]]]
    for _, a, b in random.Random(1).sample(apart, REFUSALS):
        said = {(min(a, b), max(a, b)): reason for a, b, verdict, reason in told.explain(a, b) if verdict == "refused"}
        assert said == {ends: refusal.rule for ends, refusal in obstacles(found, a, b).items()}


def test_identifiers_that_no_claim_connects_have_neither_chain_nor_obstacle(told: Told) -> None:
    assert told.explain(id("nobody"), id("nobody else")) == []
    assert told.ask("SELECT * FROM identity_explain(a = 'email:no@where', b = 'phone:+1')") == []


def test_the_present_is_as_of_now(told: Told, found: Resolution) -> None:
    put(told.store, IDENTIFIERS, *({"node": node, "type": "email", "value": "x"} for node in found.customer_of))
    rows = told.ask("SELECT node, customer_id FROM identity_as_of(at = '2200-01-01')")
    assert {from_uuid(node): from_uuid(owner) for node, owner in rows} == found.customer_of
    rows = told.ask("SELECT node, customer_id, since FROM identity_as_of(at = '2020-01-01T00:00:00Z')")
    assert all(node == owner and since is None for node, owner, since in rows)


def test_a_past_moment_has_the_customers_of_that_time_however_often_they_were_said(told: Told) -> None:
    mail, card = link("email x", "loyalty_id x").a.node, link("email x", "loyalty_id x").b.node
    put(told.store, IDENTIFIERS, *({"node": node, "type": "email", "value": "x"} for node in (mail, card)))
    before = now()
    told.take(link("email x", "loyalty_id x"))
    after = now()
    told.log.pop()
    told.take(link("email x", "loyalty_id x"))
    for moment, owner in ((before - 1, mail), (after, card)):
        assert [customer for node, customer, *_ in told.held(moment) if node == mail] == [owner]
        assert told.members(mail, moment) == [one for one in told.held(moment) if one[1] == owner]
    query = "SELECT kind, a, length(evidence) FROM identity_history WHERE a = %(node)s OR b = %(node)s"
    assert told.ask(query, node=to_uuid(mail)) == [(b"attach", to_uuid(mail), 1)]


def test_who_left_and_came_back_is_the_customers_since_then(told: Told) -> None:
    pair = link("email y", "user_id y")
    parted = cut(99, "email y", "user_id y")
    seen = {"first_seen": now(), "type": "email", "value": "y"}
    put(told.store, IDENTIFIERS, *({"node": m.node, **seen} for m in (pair.a, pair.b)))
    moments = []
    for claim in (pair, parted, uncut(99, "email y", "user_id y"), link("email y", "crm_id y", 9)):
        time.sleep(0.002)
        told.take(claim)
        moments.append(now())
    back = len(told.log) - 1
    mail, user = pair.a.node, pair.b.node
    owners = [{node: owner for node, owner, _ in told.held(moment)}.get(mail) for moment in moments]
    assert owners == [user, mail, user, user]
    assert [seq for node, _, seq in told.held(moments[-1]) if node == mail] == [back]
    (since,) = told.ask(
        f"SELECT since FROM identity_as_of(at = '{iso(moments[-1])}') WHERE node = %(node)s", node=to_uuid(mail)
    )
    assert moments[1] <= since[0].timestamp() * 1000 <= moments[2]


def test_an_identifier_that_had_neither_been_seen_nor_claimed_is_not_of_that_time(told: Told) -> None:
    put(told.store, IDENTIFIERS, {"node": id("young"), "type": "email", "value": "young", "first_seen": AT})
    assert [node for node, *_ in told.held(AT - 1) if node == id("young")] == told.members(id("young"), AT - 1) == []
    assert told.members(id("young"), AT) == [(id("young"), id("young"), 0)]


def test_the_customers_of_any_time_are_those_of_the_claims_until_then(told: Told) -> None:
    started = len(told.log)
    claims, moments = [apart(claim, 7_000) for claim in walk(random.Random(5), (25,))], list[int]()
    for claim in claims:
        told.take(claim)
        time.sleep(0.002)
        moments.append(now())
        time.sleep(0.002)
    nodes = {member.node for claim in claims for member in (claim.a, claim.b)}
    put(
        told.store, IDENTIFIERS, *({"node": node, "type": "email", "value": "z", "first_seen": now()} for node in nodes)
    )
    for number in range(0, len(claims), 4):
        truth = resolve(told.log[started : started + number + 1], RULES)
        held = {node: owner for node, owner, _ in told.held(moments[number]) if node in nodes}
        assert held.items() <= truth.customer_of.items()
        joined = {node for node, owner in truth.customer_of.items() if len(truth.members[owner]) > 1}
        assert joined <= held.keys()


def test_the_history_of_a_customer_is_that_of_all_its_identifiers(told: Told, found: Resolution) -> None:
    members = max(found.members.values(), key=len)
    nodes = [to_uuid(member.node) for member in members]
    columns = "* EXCEPT (a_type, a_value, b_type, b_value)"
    query = f"SELECT {columns} FROM identity_history WHERE a IN %(nodes)s OR b IN %(nodes)s ORDER BY ALL"
    of = f"SELECT {columns} FROM identity_history_of(id = %(id)s) ORDER BY ALL"
    assert told.ask(of, id=str(nodes[-1])) == told.ask(query, nodes=nodes)
    assert told.ask("SELECT * FROM identity_history_of(id = 'email:no@where')") == []


def test_two_customers_who_share_no_pair_are_parted_by_what_was_seen_with_both(told: Told) -> None:
    one, other, third = (link(f"user_id q{n}", "device_id q", level=3) for n in (1, 2, 3))
    told.take(one, other, third)
    a, b, tablet = one.a.node, other.a.node, one.b.node
    assert told.explain(a, b) == [(a, tablet, "refused", "shared"), (tablet, b, "refused", "shared")]


def test_a_shared_device_has_the_owner_seen_within_half_an_hour_or_else_the_next(told: Told) -> None:
    tablet, anna, ben = id("tablet"), id("anna"), id("ben")
    put(told.store, CUSTOMERS, {**customer(tablet, 9001, tablet), "flags": ("shared",)})
    put(told.store, IDENTIFIERS, {"node": tablet, "type": "device_id", "value": "t-1"})
    put(
        told.store, CLAIMS, *({"a": tablet, "b": b, "kind": "link", "b_type": "user_id", "seq": 9} for b in (anna, ben))
    )
    seen = [(0, anna), (10, tablet), (30, tablet), (31, tablet), (90, ben), (120, tablet), (121, tablet)]
    rows = [
        at(
            node,
            f"{n}",
            original_timestamp=AT + n,
            event_time=AT + n * MINUTE,
            raw=b'{"identifiers":{"device_id":"t-1"}}',
        )
        for n, node in seen
    ]
    put(told.store, TOUCHPOINTS, *rows)
    owners = told.ask("SELECT customer_id, found, value FROM probable_owners ORDER BY event_time")
    names = {to_uuid(anna): "anna", to_uuid(ben): "ben", None: "nobody"}
    assert [(names[who], found.decode()) for who, found, _ in owners] == [
        ("anna", "before"), ("anna", "before"), ("ben", "after"), ("ben", "before"), ("nobody", ""),
    ]  # fmt: skip
