"""stuck_stage: how long a journey may stay in a stage, and what counts as having moved on."""

from schemas.fact import Fact
from streams.fold.fold import fold
from streams.fold.rules import DAY, HOUR
from streams.fold.timeline import Timeline
from tests.streams.fold.histories import RULES, START, fact

LATER = START + 1000 * DAY


def web(event: str, at: int = 0, number: int = 1, **more: object) -> Fact:
    return fact("website", event, at, number=number, **more)


CHECKOUT = web("Checkout Started")  # one day in this stage is long


def stuck(*facts: Fact, now: int = LATER) -> list[int]:
    """Numbers of the facts that carry the signal."""
    rows = fold(facts, RULES, now)
    return [f.event_id[0] for f in facts if "stuck_stage" in {signal.name for signal in rows[f.key].signals}]


def test_a_journey_is_stuck_when_the_time_of_its_stage_is_over() -> None:
    assert stuck(CHECKOUT, now=START + DAY - 1) == []
    assert stuck(CHECKOUT, now=START + DAY) == [1]


def test_each_stage_has_its_own_time_and_some_have_none() -> None:
    assert stuck(web("Product Viewed"), now=START + 7 * DAY - 1) == []
    assert stuck(web("Product Viewed"), now=START + 7 * DAY) == [1]
    assert stuck(web("Page Viewed")) == []


def test_the_row_that_entered_the_stage_names_the_deadline() -> None:
    looked, bought = web("Page Viewed"), web("Checkout Started", HOUR, 2)
    rows = fold([looked, bought], RULES, START)
    assert rows[bought.key].due == START + HOUR + DAY


def test_touchpoints_within_the_stage_do_not_put_it_off() -> None:
    assert stuck(CHECKOUT, web("Payment Info Entered", 20 * HOUR, 2), now=START + DAY) == [1]
    assert stuck(CHECKOUT, web("Page Viewed", 2 * DAY, 2)) == [1]


def test_the_next_stage_at_the_last_moment_is_in_time() -> None:
    looked = web("Product Viewed")
    assert stuck(looked, web("Checkout Started", 7 * DAY, 2), web("Order Completed", 7 * DAY + 1, 3)) == []
    assert stuck(looked, web("Checkout Started", 7 * DAY + 1, 2), web("Order Completed", 7 * DAY + 2, 3)) == [1]


def test_the_end_of_the_journey_is_an_end_of_the_stage() -> None:
    assert stuck(CHECKOUT, web("Order Completed", HOUR, 2)) == []
    assert stuck(CHECKOUT, web("Order Cancelled", HOUR, 2)) == []


def test_what_moved_on_and_is_told_late_withdraws_the_signal() -> None:
    timeline = Timeline(RULES)
    timeline.add([CHECKOUT])
    timeline.advance(START + 2 * DAY)
    assert [signal.name for signal in timeline.changes()[CHECKOUT.key].signals] == ["stuck_stage"]
    timeline.add([web("Order Completed", HOUR, 2)])
    assert timeline.changes()[CHECKOUT.key].signals == ()


def test_a_stage_that_is_entered_again_has_its_time_again() -> None:
    mail = fact("email", "Support Email Received", 0, number=1, thread="ticket_id:1")
    reply = fact("email", "Support Email Replied", HOUR, number=2, thread="ticket_id:1")
    again = fact("email", "Support Email Received", 2 * HOUR, number=3, thread="ticket_id:1")
    assert stuck(mail, reply) == []
    assert stuck(mail, reply, again, now=START + 2 * HOUR + 3 * DAY) == [3]


def test_journeys_of_different_types_are_told_apart() -> None:
    mail = fact("email", "Support Email Received", HOUR, number=2)
    reply = fact("email", "Support Email Replied", 2 * HOUR, number=3)
    assert stuck(CHECKOUT, mail, reply) == [1]
    assert stuck(CHECKOUT, mail, web("Order Completed", 3 * HOUR, 4)) == [2]


def test_an_event_of_another_type_that_ends_a_journey_ends_its_stage() -> None:
    assert stuck(web("Signed Up"), now=START + 7 * DAY) == [1]
    assert stuck(web("Signed Up"), web("Order Completed", DAY, 2)) == []


def test_the_signal_says_which_stage_of_what() -> None:
    [signal] = fold([CHECKOUT._replace(location="/checkout")], RULES, LATER)[CHECKOUT.key].signals
    assert (signal.at, signal.location) == (START + DAY, "/checkout")
    assert signal.detail == "purchase journey in stage purchase for more than 1 d"
