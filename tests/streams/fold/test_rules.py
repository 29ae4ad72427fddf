"""The rules that ship, one sentence each: sessions, journeys, stages, hand-offs, late and duplicate facts."""

from schemas.fact import Fact, Row
from schemas.ids import NONE, derived
from sources.channels import discover
from streams.fold.defaults import default_rules
from streams.fold.fold import fold
from streams.fold.rules import DAY, HOUR
from tests.streams.fold.histories import MINUTE, START, fact

RULES = default_rules(discover())
LATER = START + 1000 * DAY


def rows_of(*facts: Fact, now: int = LATER) -> list[Row]:
    """The rows in the order of the arguments."""
    rows = fold(facts, RULES, now)
    return [rows[f.key] for f in facts]


def page(at: int, number: int, event: str = "Page Viewed", channel: str = "website") -> Fact:
    return fact(channel, event, at, number=number)


def order(at: int, number: int, thread: str = "", event: str = "Order Completed", channel: str = "store") -> Fact:
    return fact(channel, event, at, number=number, thread=thread, value=250_000)


def mail(at: int, number: int, event: str = "Support Email Received") -> Fact:
    return fact("email", event, at, number=number)


def call(at: int, number: int, event: str, thread: str = "call_id:1") -> Fact:
    return fact("phone", event, at, number=number, thread=thread)


def test_half_an_hour_of_silence_is_still_one_session_and_a_moment_more_is_two() -> None:
    first, second, third = rows_of(page(0, 1), page(30 * MINUTE, 2), page(60 * MINUTE + 1, 3))
    assert first.session_id == second.session_id != third.session_id
    assert (first.session_start, first.session_end, first.session_touchpoints) == (START, START + 30 * MINUTE, 2)
    assert (second.session_start, second.session_end, second.session_touchpoints) == (0, 0, 0)


def test_a_session_ends_after_24_hours_however_busy_it_is() -> None:
    rows = rows_of(*(page(i * 29 * MINUTE, i) for i in range(52)))
    assert rows[0].session_touchpoints == 50
    assert rows[0].session_end - rows[0].session_start <= DAY


def test_sessions_of_two_channels_run_side_by_side() -> None:
    first, _, third = rows_of(page(0, 1), mail(MINUTE, 2), page(2 * MINUTE, 3))
    assert first.session_id == third.session_id


def test_a_call_is_one_session_and_the_next_call_another() -> None:
    long = call(0, 1, "Call Started"), call(2 * HOUR, 2, "Call Ended")
    rows = rows_of(*long, call(2 * HOUR + 1, 3, "Call Started", "call_id:2"))
    assert rows[0].session_id == rows[1].session_id != rows[2].session_id


def test_a_late_fact_joins_two_sessions() -> None:
    rows = rows_of(page(0, 1), page(40 * MINUTE, 2), page(20 * MINUTE, 3))
    assert len({row.session_id for row in rows}) == 1


def test_ids_are_made_from_the_fact_that_begins_the_thing() -> None:
    head = page(0, 1)
    [row] = rows_of(head)
    assert row.session_id == derived(b"session", *head.key)
    assert row.journey_id == derived(b"journey", *head.key)


def test_a_purchase_in_a_store_alone_is_a_whole_journey() -> None:
    [row] = rows_of(order(0, 1))
    assert (row.journey_type, row.journey_outcome, row.journey_value) == ("purchase", "completed", 250_000)
    assert (row.journey_touchpoints, row.journey_sessions, row.journey_handoffs) == (1, 1, 0)


def test_a_purchase_journey_crosses_channels() -> None:
    head, _, _, last = rows_of(page(0, 1), page(1, 2), page(HOUR, 3, "Screen Viewed", "app"), order(2 * DAY, 4))
    assert last.journey_id == head.journey_id
    assert (head.journey_outcome, head.journey_touchpoints, head.journey_handoffs) == ("completed", 4, 2)
    assert (head.journey_sessions, head.journey_channels) == (3, ("website", "app", "store"))


def test_a_visit_is_abandoned_after_30_days_of_silence() -> None:
    visit = page(0, 1)
    assert rows_of(visit, now=START + 30 * DAY - 1)[0].journey_outcome == "open"
    assert rows_of(visit, now=START + 30 * DAY - 1)[0].due == START + 30 * DAY
    assert rows_of(visit, now=START + 30 * DAY)[0].journey_outcome == "abandoned"


def test_newsletters_do_not_keep_a_journey_alive() -> None:
    first, letter, again = rows_of(page(0, 1), mail(20 * DAY, 2, "Email Delivered"), page(31 * DAY, 3))
    assert letter.journey_id == first.journey_id != again.journey_id
    assert first.journey_outcome == "abandoned"


def test_a_newsletter_opens_no_journey() -> None:
    [row] = rows_of(mail(0, 1, "Email Delivered"))
    assert (row.journey_id, row.stage) == (NONE, "awareness")


def test_a_cancelled_order_cancels_the_journey_that_it_completed() -> None:
    head, cancel = rows_of(order(0, 1, "order_id:7"), order(DAY, 2, "order_id:7", "Order Cancelled", "website"))
    assert (head.journey_outcome, cancel.journey_id) == ("cancelled", head.journey_id)


def test_cancelling_an_order_leaves_the_next_visit_alone() -> None:
    bought, visit, _ = rows_of(
        order(0, 1, "order_id:7"), page(HOUR, 2), order(DAY, 3, "order_id:7", "Order Cancelled", "website")
    )
    assert (bought.journey_outcome, visit.journey_outcome) == ("cancelled", "abandoned")


def test_service_and_purchase_run_side_by_side() -> None:
    visit, complaint, visit_again = rows_of(page(0, 1), mail(HOUR, 2), page(2 * HOUR, 3))
    assert visit.journey_id == visit_again.journey_id
    assert (complaint.journey_type, complaint.stage) == ("service", "service")


def test_an_answer_completes_a_service_journey() -> None:
    head, answer = rows_of(mail(0, 1), mail(HOUR, 2, "Support Email Replied"))
    assert (head.journey_outcome, answer.journey_id) == ("completed", head.journey_id)


def test_a_call_that_nobody_answered_completes_nothing() -> None:
    assert rows_of(call(0, 1, "Call Started"), call(1, 2, "Call Ended"))[0].journey_outcome == "abandoned"
    answered = rows_of(call(0, 1, "Call Started"), call(1, 2, "Call Answered"), call(2, 3, "Call Ended"))
    assert answered[0].journey_outcome == "completed"


def test_a_contact_within_seven_days_of_the_answer_reopens() -> None:
    head, _, again = rows_of(mail(0, 1), mail(HOUR, 2, "Support Email Replied"), mail(7 * DAY + HOUR, 3), now=0)
    assert (head.journey_outcome, head.journey_reopened, again.journey_id) == ("open", 1, head.journey_id)


def test_a_contact_after_that_is_a_new_journey() -> None:
    head, _, again = rows_of(mail(0, 1), mail(HOUR, 2, "Support Email Replied"), mail(7 * DAY + HOUR + 1, 3))
    assert head.journey_outcome == "completed"
    assert again.journey_id != head.journey_id


def test_an_order_by_phone_belongs_to_the_purchase() -> None:
    head, bought = rows_of(page(0, 1), order(HOUR, 2, channel="phone"))
    assert (bought.journey_id, head.journey_outcome) == (head.journey_id, "completed")


def test_a_stage_does_not_fall_back_within_a_journey() -> None:
    events = ["Page Viewed", "Product Viewed", "Page Viewed", "Checkout Started", "Element Clicked", "Order Completed"]
    rows = rows_of(*(page(i, i, event) for i, event in enumerate(events)))
    assert [row.stage for row in rows] == ["awareness", *["consideration"] * 2, *["purchase"] * 3]


def test_the_second_purchase_is_loyalty() -> None:
    assert [row.stage for row in rows_of(order(0, 1), order(DAY, 2))] == ["purchase", "loyalty"]


def test_a_promoter_is_an_advocate_and_who_unsubscribes_is_gone() -> None:
    promoter = fact("survey", "Survey Answered", 0, number=1, metric="nps", score=9.0)
    assert [row.stage for row in rows_of(promoter, mail(1, 2, "Unsubscribed"))] == ["advocacy", "churned"]


def test_a_hand_off_names_the_channel_before_and_every_row_the_gap() -> None:
    rows = rows_of(page(0, 1), page(5, 2), mail(12, 3))
    assert [(row.previous_channel, row.previous_gap) for row in rows] == [("", 0), ("", 5), ("website", 7)]


def test_more_than_72_hours_late_is_attached_and_nothing_else() -> None:
    late, on_time = page(0, 1)._replace(received_at=START + 72 * HOUR + 1), page(MINUTE, 2)
    row, other = rows_of(late, on_time)
    assert (row.status, row.session_id, row.journey_id, row.stage, row.due) == ("late", NONE, NONE, "", 0)
    assert other.previous_gap == 0


def test_the_same_event_under_another_identifier_counts_once() -> None:
    first = page(0, 1)
    second = first._replace(node=bytes([2] * 16), version=first.version - 1)
    assert [row.status for row in rows_of(first, second)] == ["folded", "duplicate"]
    assert rows_of(first, second)[0].session_touchpoints == 1


def test_the_value_of_a_journey_stays_within_its_column() -> None:
    """A service journey is reopened by the next mail, and each answer may carry any amount."""
    largest = 10**17 - 1
    facts = [f for n in range(60) for f in (mail(2 * n, 2 * n), _answer(2 * n + 1, largest))]
    rows = rows_of(*facts)
    assert max(row.journey_value for row in rows) == 10**18 - 1


def _answer(at: int, value: int) -> Fact:
    return fact("email", "Support Email Replied", at, number=at, value=value)
