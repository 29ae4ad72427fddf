"""repeat_contact: a second contact within 7 days, unless the first conversation goes on."""

from schemas.fact import Fact
from streams.fold.fold import fold
from streams.fold.rules import DAY, HOUR
from tests.streams.fold.histories import RULES, START, fact


def repeats(*facts: Fact) -> list[int]:
    """Numbers of the facts that carry the signal."""
    rows = fold(facts, RULES, START + 1000 * DAY)
    return [f.event_id[0] for f in facts if "repeat_contact" in {signal.name for signal in rows[f.key].signals}]


def mail(at: int, number: int, thread: str = "") -> Fact:
    return fact("email", "Support Email Received", at, number=number, thread=thread)


def call(at: int, number: int, thread: str = "") -> Fact:
    return fact("phone", "Call Started", at, number=number, thread=thread)


def test_a_call_seven_days_after_a_mail_is_a_repeat() -> None:
    assert repeats(mail(0, 1), call(7 * DAY, 2)) == [2]


def test_a_call_after_more_than_seven_days_is_not() -> None:
    assert repeats(mail(0, 1), call(7 * DAY + 1, 2)) == []


def test_each_repeat_counts_from_the_contact_before() -> None:
    assert repeats(mail(0, 1), call(5 * DAY, 2), mail(10 * DAY, 3)) == [2, 3]


def test_another_mail_in_the_same_ticket_is_not_a_repeat() -> None:
    assert repeats(mail(0, 1, "ticket_id:1"), mail(3 * DAY, 2, "ticket_id:1")) == []


def test_two_tickets_in_one_day_are_two_contacts() -> None:
    assert repeats(mail(0, 1, "ticket_id:1"), mail(HOUR, 2, "ticket_id:2")) == [2]


def test_messages_without_a_thread_belong_together_within_a_session() -> None:
    assert repeats(mail(0, 1), mail(HOUR, 2), mail(2 * DAY, 3)) == [3]


def test_what_is_no_contact_does_not_count() -> None:
    page = fact("website", "Page Viewed", HOUR, number=2)
    assert repeats(mail(0, 1), page) == []


def test_the_reason_names_both_channels_and_the_gap() -> None:
    second = call(36 * HOUR, 2)
    [signal] = fold([mail(0, 1), second], RULES, START)[second.key].signals
    assert signal.detail == "contact by phone, 1.5 days after one by email"
