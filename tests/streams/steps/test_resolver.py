"""The resolver step over the store in memory: what it tells, to whom, and in which order."""

from msgspec import json

from schemas.ids import to_uuid
from schemas.messages import Barrier, Change, Claim, Decided, Member, decode, encode
from schemas.tables import CLAIMS, CUSTOMERS, DECISIONS, IDENTITY_MAP
from streams.identity.rules import IdentityRules
from streams.steps.resolver import Resolver
from streams.steps.telling import NODES_AT_MOST, barriers_of
from tests.streams.steps.outside import AT, PARTITIONS, Outside, member

ANN, BOB = member("email", "ann@x.org"), member("user_id", "7")
COOKIE, OTHER = member("anonymous_id", "c1"), member("anonymous_id", "c2")


def resolver() -> Resolver:
    return Resolver(IdentityRules(), PARTITIONS)


def link(a: Member, b: Member, at: int = AT) -> Claim:
    return Claim("link", a, b, at, 1, "site", bytes(16))


def cut(a: Member, b: Member) -> Claim:
    return Claim("cut", a, b, 0, 0, "operator", b"c" * 16)


def take(outside: Outside, step: Resolver, first: int, *claims: Claim) -> None:
    outside.run(step.take(range(first, first + len(claims)), claims, AT))


def barriers(outside: Outside) -> list[tuple[int, Barrier]]:
    return [(partition, message.barrier) for partition, message in outside.inbox() if message.barrier]


def changes(outside: Outside) -> list[Change]:
    return [decode(Change, message.value) for message in outside.sent if message.topic == "identity.changes"]


def test_tables_first_then_the_workers_then_those_who_lose() -> None:
    outside = Outside()
    take(outside, resolver(), 0, link(ANN, COOKIE))
    assert outside.done == [
        "recorded_until", "claims", "decisions", "identity_map", "customers", "identity.changes", "identity.changes",
        "identity.decisions", "journeys.inbox",
    ]  # fmt: skip


def test_a_barrier_goes_to_the_home_of_whoever_loses_even_if_it_was_alone() -> None:
    outside = Outside()
    take(outside, resolver(), 0, link(ANN, COOKIE))
    [(partition, barrier)] = barriers(outside)
    assert partition == COOKIE.home % PARTITIONS
    assert (barrier.customers, barrier.nodes) == ((COOKIE.node,), (COOKIE.node,))


def test_a_barrier_comes_after_every_change_it_speaks_of() -> None:
    outside = Outside()
    take(outside, resolver(), 0, link(ANN, COOKIE))
    assert barriers(outside)[0][1].seen == len(changes(outside))


def test_of_several_changes_of_a_customer_in_one_batch_the_last_is_told() -> None:
    outside = Outside()
    take(outside, resolver(), 0, link(ANN, COOKIE), link(ANN, OTHER, AT + 1))
    told = {change.customer: change for change in changes(outside)}
    assert len(told) == len(changes(outside))
    assert told[ANN.node].seq == 2
    assert {m.node for m in told[ANN.node].members} == {ANN.node, COOKIE.node, OTHER.node}


def test_a_stronger_identifier_gives_the_customer_a_new_id_and_the_old_one_still_finds_it() -> None:
    outside, step = Outside(), resolver()
    take(outside, step, 0, link(ANN, COOKIE))
    take(outside, step, 1, link(BOB, ANN, AT + 1))
    found = outside.store.customers_of([ANN.node, COOKIE.node, BOB.node])
    assert {change.customer for change in found.values()} == {BOB.node}
    assert {tuple(row["members"]) for row in outside.store.rows(CUSTOMERS) if row["customer_id"] == ANN.node} == {()}


def test_a_claim_that_teaches_nothing_is_recorded_and_told_to_nobody() -> None:
    outside, step = Outside(), resolver()
    take(outside, step, 0, link(ANN, COOKIE))
    sent = len(outside.sent)
    take(outside, step, 1, link(ANN, COOKIE))
    assert len(outside.sent) == sent
    assert {row["seq"] for row in outside.store.rows(CLAIMS)} == {1, 2}


def test_after_a_crash_the_same_is_said_again() -> None:
    outside = Outside()
    take(outside, resolver(), 0, link(ANN, COOKIE))
    before = outside.store.rows(CUSTOMERS), outside.store.rows(IDENTITY_MAP), changes(outside)
    take(outside, resolver(), 0, link(ANN, COOKIE))
    assert (outside.store.rows(CUSTOMERS), outside.store.rows(IDENTITY_MAP)) == before[:2]
    assert changes(outside) == before[2] * 2
    assert len(barriers(outside)) == 2


def test_the_state_is_that_of_the_claims_before_the_batch_whatever_the_tables_know() -> None:
    outside = Outside()
    take(outside, resolver(), 0, link(ANN, COOKIE), link(ANN, OTHER, AT + 1))
    again = Outside()
    again.store = outside.store
    take(again, resolver(), 1, link(ANN, OTHER, AT + 1))
    [told] = [change for change in changes(again) if change.customer == ANN.node]
    assert (told.seq, len(told.members)) == (2, 3)


def test_a_cut_gives_the_node_back_and_tells_the_customer_that_lost_it() -> None:
    outside, step = Outside(), resolver()
    take(outside, step, 0, link(ANN, COOKIE))
    take(outside, step, 1, cut(ANN, COOKIE))
    found = outside.store.customers_of([ANN.node, COOKIE.node])
    assert {node: change.customer for node, change in found.items()} == {ANN.node: ANN.node, COOKIE.node: COOKIE.node}
    partition, barrier = barriers(outside)[-1]
    assert partition == ANN.home % PARTITIONS
    assert barrier.nodes == (COOKIE.node,)


def test_every_decision_is_a_row_and_then_a_message_that_says_the_same() -> None:
    outside = Outside()
    take(outside, resolver(), 0, link(ANN, COOKIE), cut(ANN, COOKIE))
    rows = [
        (row["seq"], row["kind"], str(to_uuid(row["a"])), row["reason"], [str(to_uuid(id)) for id in row["evidence"]])
        for row in outside.store.rows(DECISIONS)
    ]
    told = [json.decode(m.value, type=Decided) for m in outside.sent if m.topic == "identity.decisions"]
    assert sorted((d.seq, d.kind, d.a, d.reason, d.evidence) for d in told) == sorted(rows)
    assert outside.done.index("decisions") < outside.done.index("identity.decisions")
    assert {d.decided_at for d in told} == {"2026-01-01T00:00:00.000Z"}


def test_every_decision_has_a_reason_and_its_time() -> None:
    outside = Outside()
    take(outside, resolver(), 0, link(ANN, COOKIE), cut(ANN, COOKIE))
    kinds = {row["kind"] for row in outside.store.rows(DECISIONS)}
    assert "cut" in kinds
    assert {row["decided_at"] for row in outside.store.rows(DECISIONS)} == {AT}


def test_a_gap_between_batches_makes_it_read_its_state_again() -> None:
    outside, step = Outside(), resolver()
    take(outside, step, 0, link(ANN, COOKIE))
    take(outside, step, 0, link(ANN, COOKIE))
    assert outside.done.count("recorded_until") == 2


def test_a_barrier_of_many_nodes_is_cut_into_messages() -> None:
    nodes = [n.to_bytes(16, "big") for n in range(2 * NODES_AT_MOST + 1)]
    cut = barriers_of(nodes[:3], nodes, 7)
    assert [len(barrier.nodes) for barrier in cut] == [NODES_AT_MOST, NODES_AT_MOST, 1]
    assert [n for barrier in cut for n in barrier.nodes] == nodes
    assert [c for barrier in cut for c in barrier.customers] == nodes[:3]
    assert max(len(encode(barrier)) for barrier in cut) < 512 * 1024


def test_a_node_that_moved_on_twice_in_one_batch_is_told_to_both_it_left() -> None:
    assert barriers_of([b"a" * 16, b"b" * 16], [b"n" * 16], 7) == [Barrier((b"a" * 16, b"b" * 16), (b"n" * 16,), 7)]
