"""form_abandonment: a form that waits for being sent, what puts it off, and what disproves it."""

from schemas.fact import Fact
from streams.fold.fold import fold
from streams.fold.timeline import Timeline
from tests.streams.fold.histories import MINUTE, RULES, START, fact

LATER = START + 1000 * MINUTE


def form(event: str, at: int = 0, number: int = 1, page: str = "/order", **names: str) -> Fact:
    """`names`: form_id or form_name."""
    return fact("website", event, at, number=number, location=page, named=tuple(sorted(names.items())))


def begun(at: int = 0, number: int = 1, page: str = "/order", **names: str) -> Fact:
    return form("Form Started", at, number, page, **names)


def sent(at: int, number: int = 9, page: str = "/order", **names: str) -> Fact:
    return form("Form Submitted", at, number, page, **names)


def abandoned(*facts: Fact, now: int = LATER) -> list[int]:
    """Numbers of the facts that carry the signal."""
    rows = fold(facts, RULES, now)
    return [f.event_id[0] for f in facts if "form_abandonment" in {signal.name for signal in rows[f.key].signals}]


def test_a_form_waits_half_an_hour_and_then_is_abandoned() -> None:
    assert abandoned(begun(), now=START + 30 * MINUTE - 1) == []
    assert abandoned(begun(), now=START + 30 * MINUTE) == [1]


def test_the_row_names_the_deadline_while_it_waits() -> None:
    assert fold([begun()], RULES, START)[begun().key].due == START + 30 * MINUTE


def test_a_form_sent_at_the_last_moment_is_in_time() -> None:
    assert abandoned(begun(), sent(30 * MINUTE)) == []
    assert abandoned(begun(), sent(30 * MINUTE + 1)) == [1]


def test_a_submission_that_is_told_late_withdraws_the_signal() -> None:
    timeline = Timeline(RULES)
    timeline.add([begun()])
    timeline.advance(START + 31 * MINUTE)
    assert [signal.name for signal in timeline.changes()[begun().key].signals] == ["form_abandonment"]
    timeline.add([sent(MINUTE)])
    assert timeline.changes()[begun().key].signals == ()


def test_clicks_errors_and_another_begin_on_the_page_put_it_off() -> None:
    for event in ("Element Clicked", "Error Occurred", "Form Started"):
        touch = form(event, 20 * MINUTE, 2)
        assert abandoned(begun(), touch, now=START + 49 * MINUTE) == []
        assert abandoned(begun(), touch, now=START + 50 * MINUTE) == [1]
        assert abandoned(begun(), touch, sent(45 * MINUTE)) == []


def test_what_happens_on_another_page_puts_nothing_off() -> None:
    assert abandoned(begun(), form("Element Clicked", 20 * MINUTE, 2, "/help"), now=START + 30 * MINUTE) == [1]


def test_forms_with_names_are_told_apart_on_one_page_and_known_on_another() -> None:
    newsletter, address = begun(form_id="newsletter"), begun(1, 2, form_id="address")
    assert abandoned(newsletter, address, sent(MINUTE, form_id="address")) == [1]
    assert abandoned(newsletter, sent(MINUTE, page="/thanks", form_id="newsletter")) == []


def test_a_name_counts_where_there_is_no_id() -> None:
    assert abandoned(begun(form_name="Address"), begun(1, 2, form_name="Card"), sent(MINUTE, form_name="Card")) == [1]


def test_a_submission_told_from_the_next_page_sends_the_form_that_was_touched_last() -> None:
    first, second = begun(0, 1, "/a"), begun(MINUTE, 2, "/b")
    assert abandoned(first, second, sent(2 * MINUTE, page="/thanks")) == [1]
    assert abandoned(first, second, form("Element Clicked", 90_000, 3, "/a"), sent(2 * MINUTE, page="/thanks")) == [2]


def test_a_submission_in_the_app_does_not_send_the_form_on_the_website() -> None:
    assert abandoned(begun(), sent(MINUTE)._replace(channel="app")) == [1]


def test_a_form_begun_again_after_it_was_abandoned_waits_anew() -> None:
    assert abandoned(begun(), begun(60 * MINUTE, 2)) == [1, 2]
    assert abandoned(begun(), begun(60 * MINUTE, 2), sent(61 * MINUTE)) == [1]


def test_the_signal_says_where_and_which() -> None:
    [signal] = fold([begun(form_id="address")], RULES, LATER)[begun().key].signals
    assert (signal.at, signal.location) == (START + 30 * MINUTE, "/order")
    assert signal.detail == "form address was begun and not sent within 30 min"
