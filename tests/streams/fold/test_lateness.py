"""Late and out-of-order touchpoints, and clocks that are wrong: from the record to the row."""

import json

from schemas.decode import Decoder, DecodeRules
from schemas.fact import Fact
from schemas.ids import NONE
from schemas.times import moment_of, to_ms
from sources.channels import discover
from streams.fold.fold import fold
from streams.fold.rules import DAY, HOUR
from streams.fold.timeline import Timeline
from tests.streams.fold.histories import MINUTE, RULES, START, fact
from throughline.clock import iso

DECODER = Decoder(discover(), DecodeRules(node_key=b"k" * 32, partitions=8), RULES.looks)
NOON = to_ms(moment_of("2026-11-18T12:00:00.000Z"))


def taken(event: str, happened: int, received: int, **fields: str) -> Fact:
    """The fact of a record that reached Kafka at `received`; `happened` by the client's clock."""
    body = {"event_id": f"{event}{happened}", "event": event, "channel": "website", "source": "site", "properties": {},
            "original_timestamp": iso(happened), "identifiers": {"user_id": "u"}, **fields}  # fmt: skip
    return DECODER.decode("touchpoints.website", 0, [json.dumps(body).encode()], [0], [received], [None]).facts[0]


def test_72_hours_are_in_time_and_a_millisecond_more_is_late() -> None:
    in_time, late = taken("Page Viewed", NOON, NOON + 72 * HOUR), taken("Product Viewed", NOON, NOON + 72 * HOUR + 1)
    rows = fold([in_time, late], RULES, NOON)
    assert (rows[in_time.key].status, rows[late.key].status) == ("folded", "late")
    assert rows[late.key].journey_id == rows[late.key].linked_journey_id == NONE


def test_a_clock_that_is_four_days_slow_makes_nothing_late() -> None:
    slow = NOON - 4 * DAY
    fact = taken("Page Viewed", slow, NOON + 2_000, sent_at=iso(slow + 2_000))
    assert (fact.original_timestamp, fact.event_time) == (slow, NOON)
    assert fold([fact], RULES, NOON)[fact.key].status == "folded"


def test_what_a_phone_kept_for_days_is_late_however_right_its_clock_is() -> None:
    fact = taken("Page Viewed", NOON, NOON + 4 * DAY, sent_at=iso(NOON + 4 * DAY))
    assert fact.event_time == NOON
    assert fold([fact], RULES, NOON)[fact.key].status == "late"


def test_sessions_run_by_the_corrected_time() -> None:
    """A browser whose clock is an hour fast, and the shop's own server, within one minute."""
    page = taken("Page Viewed", NOON + HOUR, NOON, sent_at=iso(NOON + HOUR))
    order = taken("Order Completed", NOON + MINUTE, NOON + MINUTE)
    rows = fold([page, order], RULES, NOON)
    assert rows[page.key].session_id == rows[order.key].session_id
    assert rows[order.key].previous_gap == MINUTE


def test_a_visit_told_three_days_late_begins_the_session_the_journey_and_its_stages() -> None:
    order = fact("website", "Order Completed", 20 * MINUTE, number=2)
    page = fact("website", "Page Viewed", 0, number=1, delay=72 * HOUR)
    timeline = Timeline(RULES)
    timeline.add([order])
    alone = timeline.changes()[order.key]
    assert (alone.session_touchpoints, alone.journey_touchpoints, alone.previous_stage) == (1, 1, "")
    timeline.add([page])
    rows = timeline.changes()
    assert rows == fold([page, order], RULES, 0)
    assert (rows[page.key].session_touchpoints, rows[page.key].journey_touchpoints) == (2, 2)
    assert (rows[order.key].journey_id, rows[order.key].journey_outcome) == (rows[page.key].journey_id, "")
    assert (rows[order.key].previous_stage, rows[order.key].stage_time) == ("awareness", 20 * MINUTE)


def test_a_late_order_takes_back_an_abandonment() -> None:
    visit = fact("website", "Page Viewed", 0, number=1)
    timeline = Timeline(RULES)
    timeline.add([visit])
    timeline.advance(START + 31 * DAY)
    assert timeline.changes()[visit.key].journey_outcome == "abandoned"
    timeline.add([fact("store", "Order Completed", 29 * DAY, number=2, delay=3 * DAY)])
    assert timeline.changes()[visit.key].journey_outcome == "completed"
