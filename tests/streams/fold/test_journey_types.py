"""The journey types that ship, as someone would say it who has to explain them to a board."""

from schemas.fact import Fact, Row
from schemas.ids import NONE, derived
from streams.fold.fold import fold
from streams.fold.rules import DAY, HOUR
from tests.streams.fold.histories import RULES, START, fact

LATER = START + 1000 * DAY


def rows_of(*facts: Fact, now: int = LATER) -> list[Row]:
    rows = fold(facts, RULES, now)
    return [rows[f.key] for f in facts]


def shop(event: str, at: int, number: int, order: str = "", **more: object) -> Fact:
    return fact("website", event, at, number=number, thread=order and f"order_id:{order}", **more)


def chat(event: str, at: int, number: int, **more: object) -> Fact:
    return fact("chat", event, at, number=number, thread="chat_id:C", **more)


def test_a_return_runs_from_the_request_to_the_refund_and_is_linked_to_its_purchase() -> None:
    bought = shop("Order Completed", 0, 1, "1", value=990_000, currency="EUR")
    order, asked, sent, refund = rows_of(
        bought, shop("Return Requested", DAY, 2, "1"), shop("Return Shipped", 2 * DAY, 3, "1"),
        fact("store", "Order Refunded", 5 * DAY, number=4, thread="order_id:1", value=990_000, currency="EUR"),
    )  # fmt: skip
    assert (order.journey_outcome, order.journey_touchpoints, order.journey_value) == ("completed", 1, 990_000)
    assert (asked.journey_type, asked.journey_outcome, asked.journey_channels) == (
        "return",
        "completed",
        ("website", "store"),
    )
    assert (asked.journey_value, asked.journey_currency, asked.stage) == (990_000, "EUR", "service")
    assert asked.journey_id == sent.journey_id == refund.journey_id
    assert asked.linked_journey_id == refund.linked_journey_id == derived(b"journey", *bought.key)


def test_a_refund_at_the_till_is_a_whole_return() -> None:
    [row] = rows_of(fact("store", "Order Refunded", 0))
    assert (row.journey_type, row.journey_outcome) == ("return", "completed")


def test_a_return_that_is_withdrawn_is_cancelled_and_one_that_nobody_sends_is_abandoned() -> None:
    withdrawn, _ = rows_of(shop("Return Requested", 0, 1), shop("Return Cancelled", DAY, 2))
    assert withdrawn.journey_outcome == "cancelled"
    assert rows_of(shop("Return Requested", 0, 1), now=START + 30 * DAY)[0].journey_outcome == "abandoned"


def test_onboarding_ends_with_the_first_order_which_stays_a_purchase() -> None:
    signed, _, bought = rows_of(shop("Signed Up", 0, 1), shop("Page Viewed", HOUR, 2), shop("Order Completed", DAY, 3))
    assert (signed.journey_type, signed.journey_outcome, signed.stage) == ("onboarding", "completed", "onboarding")
    assert (signed.journey_touchpoints, signed.journey_end) == (1, START + DAY)
    assert bought.journey_type == "purchase"


def test_who_signs_up_and_never_comes_back_was_not_onboarded() -> None:
    assert rows_of(shop("Signed Up", 0, 1))[0].journey_outcome == "abandoned"
    assert rows_of(shop("Trial Started", 0, 1), shop("Trial Ended", DAY, 2))[0].journey_outcome == "abandoned"


def test_a_subscription_is_renewed_or_lost() -> None:
    reminded, renewed = rows_of(shop("Renewal Reminder Sent", 0, 1), shop("Subscription Renewed", DAY, 2, value=7))
    assert (reminded.journey_type, reminded.journey_outcome, reminded.journey_value) == ("renewal", "completed", 7)
    assert renewed.stage == "loyalty"
    lost, gone = rows_of(shop("Renewal Reminder Sent", 0, 1), shop("Subscription Cancelled", DAY, 2))
    assert (lost.journey_outcome, gone.stage) == ("cancelled", "churned")
    expired, _ = rows_of(shop("Subscription Expiring", 0, 1), shop("Subscription Expired", DAY, 2))
    assert expired.journey_outcome == "abandoned"


def test_a_subscription_that_was_renewed_and_is_cancelled_later_was_renewed() -> None:
    renewed, cancelled = rows_of(shop("Subscription Renewed", 0, 1), shop("Subscription Cancelled", DAY, 2))
    assert (renewed.journey_outcome, cancelled.journey_id, cancelled.stage) == ("completed", NONE, "churned")


def test_a_delivery_belongs_to_its_order_and_not_to_the_next_visit() -> None:
    bought, visit, delivered = rows_of(
        shop("Order Completed", 0, 1, "1"), shop("Page Viewed", HOUR, 2), shop("Order Delivered", DAY, 3, "1")
    )
    assert delivered.journey_id == bought.journey_id != visit.journey_id
    assert (bought.journey_outcome, bought.journey_touchpoints, bought.journey_end) == ("completed", 2, START + DAY)


def test_an_order_that_is_told_twice_counts_once() -> None:
    bought, again = rows_of(
        shop("Order Completed", 0, 1, "1", value=5, currency="EUR"),
        fact("store", "Order Completed", HOUR, number=2, thread="order_id:1", value=5, currency="EUR"),
    )
    assert (bought.journey_id, bought.journey_value) == (again.journey_id, 5)


def test_a_chat_about_an_order_is_service_and_linked_to_the_purchase() -> None:
    bought = shop("Order Completed", 0, 1, "1")
    started, wrote = rows_of(
        bought,
        chat("Live Chat Conversation Started", DAY, 2),
        chat("Live Chat Message Sent", DAY, 3, about="order_id:1"),
    )[1:]
    assert (started.journey_type, started.linked_journey_id) == ("service", NONE)
    assert (wrote.journey_id, wrote.linked_journey_id) == (started.journey_id, derived(b"journey", *bought.key))


def test_a_survey_about_a_chat_colours_the_service_journey() -> None:
    started, *_, survey = rows_of(
        chat("Live Chat Conversation Started", 0, 1), chat("Live Chat Message Sent", 1, 2, metric="text", score=-0.8),
        chat("Live Chat Message Received", 2, 3), chat("Live Chat Conversation Ended", 3, 4),
        fact("survey", "Survey Answered", HOUR, number=5, thread="chat_id:C", metric="csat", score=4.0),
    )  # fmt: skip
    assert (survey.journey_id, survey.stage, started.journey_outcome) == (started.journey_id, "service", "completed")
    assert started.journey_emotions == (-0.8, 0.5)
    assert started.journey_emotion_times == (START + 1, START + HOUR)


def test_a_ticket_that_comes_back_after_a_month_is_the_same_journey() -> None:
    first, _, again = rows_of(
        fact("email", "Support Email Received", 0, number=1, thread="ticket_id:T"),
        fact("email", "Support Email Replied", HOUR, number=2, thread="ticket_id:T"),
        fact("email", "Support Email Received", 31 * DAY, number=3, thread="ticket_id:T"),
        now=START,
    )
    assert (again.journey_id, first.journey_reopened, first.journey_outcome) == (first.journey_id, 1, "open")


def test_an_order_after_an_abandoned_checkout_is_a_new_journey() -> None:
    left, bought, delivered = rows_of(
        shop("Checkout Started", 0, 1, "1"),
        shop("Order Completed", 60 * DAY, 2, "1"),
        shop("Order Delivered", 61 * DAY, 3, "1"),
    )
    assert (left.journey_outcome, bought.journey_outcome) == ("abandoned", "completed")
    assert delivered.journey_id == bought.journey_id != left.journey_id


def test_amounts_in_another_currency_are_not_added() -> None:
    mails = [
        fact("email", name, at, number=at, value=value, currency=currency)
        for at, name, value, currency in [
            (1, "Support Email Received", 0, ""), (2, "Support Email Replied", 10, "EUR"), (3, "Support Email Received", 0, ""),
            (4, "Support Email Replied", 20, "USD"), (5, "Support Email Received", 0, ""), (6, "Support Email Replied", 5, "EUR"),
        ]
    ]  # fmt: skip
    assert (rows_of(*mails)[0].journey_value, rows_of(*mails)[0].journey_currency) == (15, "EUR")


def test_a_stage_lasts_until_the_next_and_names_the_rule_that_ended_it() -> None:
    rows = rows_of(
        shop("Page Viewed", 0, 1), shop("Product Viewed", HOUR, 2), shop("Product Viewed", 2 * HOUR, 3),
        shop("Checkout Started", 5 * HOUR, 4), fact("email", "Support Email Received", 6 * HOUR, number=5),
        shop("Element Clicked", 7 * HOUR, 6), fact("survey", "Survey Answered", DAY, number=7, metric="nps", score=9.0),
    )  # fmt: skip
    assert [(row.previous_stage, row.stage_time // HOUR, row.stage_rule) for row in rows] == [
        ("", 0, ""), ("awareness", 1, "journeys.stages.consideration"), ("", 0, ""),
        ("consideration", 4, "journeys.stages.purchase"), ("purchase", 1, "journeys.types.service.stage"), ("", 0, ""),
        ("purchase", 19, "journeys.advocate_from"),
    ]  # fmt: skip
    assert rows[0].journey_stage == "advocacy"
