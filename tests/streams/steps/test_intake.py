"""The intake step over the store in memory: what is stored, claimed and marked, and in which order."""

import pytest

from schemas.messages import Claim, decode
from schemas.tables import DEAD_LETTERS, FACTS, IDENTIFIERS, OFFSETS, TOUCHPOINTS
from streams.steps.blocks import GAPS_AT_MOST, Records
from streams.steps.intake import Intake, Taken
from streams.view import View
from tests.streams.steps.outside import PARTITIONS, Outside, change, decoder, event, member, records, refuse
from throughline.errors import Unavailable

ANN, COOKIE = member("email", "ann@x.org"), member("anonymous_id", "c1")
TOPIC = "touchpoints.website"


def intake(*own: int) -> Intake:
    """A worker that owns these inbox partitions."""
    step = Intake(decoder(), View(), PARTITIONS, lambda partition: partition in own)
    step.assigned(TOPIC, 0)
    return step


def take(outside: Outside, step: Intake, *batch: Records) -> Taken:
    return outside.run(step.take(batch))


def claims(outside: Outside) -> list[Claim]:
    return [decode(Claim, message.value) for message in outside.sent if message.topic == "identity.claims"]


def outcomes(outside: Outside) -> dict[int, str]:
    return {row["offset"]: row["outcome"] for row in outside.store.rows(OFFSETS)}


def test_facts_are_durable_before_anybody_is_told() -> None:
    outside = Outside()
    take(outside, intake(), records([event("e1", email="ann@x.org", anonymous_id="c1")]))
    assert outside.done == [
        "offsets_from", "rules", "touchpoints", "facts", "identifiers", "customers_of", "identity.claims", "journeys.inbox", "offsets",
    ]  # fmt: skip


def test_an_event_becomes_a_fact_of_its_strongest_identifier() -> None:
    outside = Outside()
    take(outside, intake(), records([event("e1", anonymous_id="c1", email="Ann@X.org")]))
    assert [row["node"] for row in outside.store.rows(FACTS)] == [ANN.node]
    assert [row["node"] for row in outside.store.rows(TOUCHPOINTS)] == [ANN.node]
    assert {row["value"] for row in outside.store.rows(IDENTIFIERS)} == {"ann@x.org", "c1"}


def test_a_mark_goes_to_the_home_of_the_customer() -> None:
    outside = Outside()
    outside.become(change(7, ANN, COOKIE))
    take(outside, intake(), records([event("e1", anonymous_id="c1")]))
    [(partition, message)] = outside.inbox()
    assert partition == ANN.home % PARTITIONS
    assert [(mark.node, mark.seq) for mark in message.marks] == [(COOKIE.node, 7)]


def test_a_mark_for_a_partition_of_this_worker_takes_the_short_way() -> None:
    outside = Outside()
    taken = take(outside, intake(*range(PARTITIONS)), records([event("e1", anonymous_id="c1")]))
    assert [mark.node for mark in taken.local[COOKIE.home % PARTITIONS]] == [COOKIE.node]
    assert outside.inbox() == []


def test_the_home_of_a_node_does_not_depend_on_where_its_record_lies() -> None:
    outside = Outside()
    batch = records([event("e1", anonymous_id="c1")])
    take(outside, intake(), batch._replace(keys=[b"anonymous_id:c1"]))
    assert outside.inbox()[0][0] == COOKIE.home % PARTITIONS


def test_a_pair_is_claimed_once() -> None:
    outside, step = Outside(), intake()
    values = [event(f"e{n}", n, email="ann@x.org", anonymous_id="c1") for n in range(3)]
    take(outside, step, records(values))
    take(outside, step, records(values, first=3))
    [claim] = claims(outside)
    assert {claim.a.node, claim.b.node} == {ANN.node, COOKIE.node}


def test_a_pair_that_was_seen_earlier_than_known_is_claimed_again() -> None:
    outside, step = Outside(), intake()
    for minutes in (60, 5, 30):
        take(outside, step, records([event("e1", minutes, email="ann@x.org", anonymous_id="c1")], first=minutes))
    assert len(claims(outside)) == 2


def test_a_claim_that_was_not_acknowledged_is_made_again() -> None:
    outside, step = Outside(), intake()
    batch = records([event("e1", email="ann@x.org", anonymous_id="c1")])
    outside.interrupt = refuse(Unavailable("away"), "offsets")
    with pytest.raises(Unavailable):
        take(outside, step, batch)
    take(outside, step, batch)
    assert len(claims(outside)) == 2


def test_what_a_former_owner_stored_is_not_stored_again_but_marked_again() -> None:
    outside, batch = Outside(), records([event("e1", email="ann@x.org", anonymous_id="c1"), b"{"])
    take(outside, intake(), batch)
    outside.done.clear()
    take(outside, intake(), batch)
    assert not {"facts", "touchpoints"} & set(outside.done)
    assert len(outside.inbox()) == 2
    assert len(claims(outside)) == 2


def test_other_events_at_the_offsets_of_a_topic_that_was_made_anew_are_stored() -> None:
    outside = Outside()
    take(outside, intake(), records([event("e1", email="ann@x.org")]))
    take(outside, intake(), records([event("e2", email="ann@x.org")]))
    assert len(outside.store.rows(FACTS)) == 2


def test_a_bad_record_is_a_dead_letter_while_its_neighbours_flow() -> None:
    outside = Outside()
    taken = take(outside, intake(), records([event("e1", email="a@x.org"), b"{", None, event("e2", email="a@x.org")]))
    assert (taken.stored, taken.dead) == (2, 2)
    assert outcomes(outside) == {0: "stored", 1: "dead", 2: "dead", 3: "stored"}
    assert [row["reason"] for row in outside.store.rows(DEAD_LETTERS)] == ["not_json", "tombstone"]


def test_offsets_that_the_log_does_not_hold_are_accounted_for() -> None:
    outside = Outside()
    values = [event("e1", email="a@x.org"), event("e2", email="a@x.org")]
    take(outside, intake(), records(values, missing=(0, 2, 4)))
    assert outcomes(outside) == {0: "gap", 1: "stored", 2: "gap", 3: "stored", 4: "gap"}


def test_of_a_gap_of_a_billion_deleted_offsets_the_end_is_told() -> None:
    outside, last = Outside(), 1_000_000_000
    batch = records([event("e1", email="a@x.org")], first=last)._replace(first=0)
    take(outside, intake(), batch)
    found = outcomes(outside)
    assert (len(found), min(found), found[last]) == (GAPS_AT_MOST + 1, last - GAPS_AT_MOST, "stored")


def test_a_long_list_of_marks_is_cut_into_messages() -> None:
    outside, step = Outside(), intake()
    step.message_bytes = 1000
    take(outside, step, records([event(f"e{n}", anonymous_id="c1") for n in range(40)]))
    assert sum(len(message.marks) for _, message in outside.inbox()) == 40
    assert all(len(m.value) <= 1000 for m in outside.sent if m.topic == "journeys.inbox")


def test_a_partition_that_is_assigned_in_the_middle_of_a_batch_does_not_end_it() -> None:
    outside, step = Outside(), intake()
    outside.interrupt = lambda effect: step.assigned(TOPIC, 0)
    assert take(outside, step, records([event("e1", email="a@x.org")])).stored == 1
