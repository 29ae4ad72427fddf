"""unanswered: a contact whose answer is due, and what disproves it."""

from schemas.fact import Fact
from streams.fold.fold import fold
from streams.fold.rules import DAY, HOUR
from streams.fold.timeline import Timeline
from tests.streams.fold.histories import MINUTE, RULES, START, fact

LATER = START + 1000 * DAY


def mail(at: int = 0, thread: str = "", number: int = 1) -> Fact:
    return fact("email", "Support Email Received", at, number=number, thread=thread)


def answer(at: int, thread: str = "", number: int = 9, channel: str = "email") -> Fact:
    event = {"email": "Support Email Replied", "phone": "Call Answered", "chat": "Live Chat Message Received"}[channel]
    return fact(channel, event, at, number=number, thread=thread)


def unanswered(*facts: Fact, now: int = LATER) -> list[int]:
    """Numbers of the facts that carry the signal."""
    rows = fold(facts, RULES, now)
    return [f.event_id[0] for f in facts if "unanswered" in {signal.name for signal in rows[f.key].signals}]


def test_a_mail_waits_24_hours_and_then_is_unanswered() -> None:
    assert unanswered(mail(), now=START + DAY - 1) == []
    assert unanswered(mail(), now=START + DAY) == [1]


def test_the_row_names_the_deadline_while_it_waits() -> None:
    row = fold([mail()], RULES, START)[mail().key]
    assert row.due == START + DAY


def test_a_chat_waits_10_minutes_and_a_message_4_hours() -> None:
    chat = fact("chat", "Live Chat Message Sent", 0, number=1)
    social = fact("social", "Social Message Received", 0, number=2)
    assert unanswered(chat, social, now=START + 10 * MINUTE) == [1]
    assert unanswered(chat, social, now=START + 4 * HOUR) == [1, 2]


def test_an_answer_at_the_last_moment_is_in_time() -> None:
    assert unanswered(mail(), answer(DAY)) == []
    assert unanswered(mail(), answer(DAY + 1)) == [1]


def test_an_answer_that_is_told_late_withdraws_the_signal() -> None:
    timeline = Timeline(RULES)
    timeline.add([mail()])
    timeline.advance(START + 2 * DAY)
    assert timeline.changes()[mail().key].signals[0].name == "unanswered"
    timeline.add([answer(HOUR)])
    assert timeline.changes()[mail().key].signals == ()


def test_an_answer_in_another_thread_does_not_count() -> None:
    assert unanswered(mail(thread="ticket_id:1"), answer(HOUR, "ticket_id:2")) == [1]


def test_an_answer_in_the_same_thread_counts_on_any_channel() -> None:
    assert unanswered(mail(thread="ticket_id:1"), answer(HOUR, "ticket_id:1", channel="phone")) == []


def test_without_a_thread_only_an_answer_in_the_same_channel_counts() -> None:
    assert unanswered(mail(), answer(HOUR, channel="phone")) == [1]
    assert unanswered(mail(thread="ticket_id:1"), answer(HOUR)) == []


def test_more_messages_while_one_waits_are_one_signal() -> None:
    assert unanswered(mail(), mail(HOUR, number=2)) == [1]


def test_a_contact_after_a_missed_deadline_waits_anew() -> None:
    assert unanswered(mail(), mail(2 * DAY, number=2)) == [1, 2]


def test_an_abandoned_call_wants_a_call_back_whatever_its_id() -> None:
    lost = fact("phone", "Call Abandoned", 0, number=1, thread="call_id:1")
    back = answer(HOUR, "call_id:2", channel="phone")
    assert unanswered(lost) == [1]
    assert unanswered(lost, back) == []


def test_the_signal_is_true_from_the_deadline_on() -> None:
    signals = fold([mail()], RULES, LATER)[mail().key].signals
    [signal] = [signal for signal in signals if signal.name == "unanswered"]
    assert (signal.at, signal.detail) == (START + DAY, "no answer by email within 24 h")
