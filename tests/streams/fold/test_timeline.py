"""What a timeline promises beyond equality with the fold: how little it touches, and long histories."""

from random import Random

from schemas.fact import Fact
from streams.fold.fold import fold
from streams.fold.rules import DAY, HOUR
from streams.fold.timeline import CHECKPOINTS_AT_MOST, Timeline
from streams.fold.window import Window
from tests.streams.fold.histories import KINDS, MINUTE, RULES, START, fact


def page(at: int, number: int) -> Fact:
    return fact("website", "Page Viewed", at, number=number)


def long_history(count: int, seed: int) -> list[Fact]:
    random, at, facts = Random(seed), 0, []
    for number in range(count):
        at += random.choice([1, MINUTE, HOUR, 5 * HOUR])
        channel, event = random.choice(KINDS)
        id, thread = number.to_bytes(16, "big"), random.choice(["", "a", "b"])
        facts.append(fact(channel, event, at, event_id=id, thread=thread))
    return facts


def test_a_fact_in_order_changes_its_own_row_and_the_heads_of_its_session_and_journey() -> None:
    facts = [page(i * MINUTE, i) for i in range(9)]
    timeline = Timeline(RULES)
    timeline.add(facts[:8])
    timeline.changes()
    timeline.add(facts[8:])
    assert set(timeline.changes()) == {facts[0].key, facts[8].key}


def test_a_fact_told_again_changes_nothing() -> None:
    timeline = Timeline(RULES)
    timeline.add([page(0, 1), page(MINUTE, 2)])
    timeline.changes()
    timeline.add([page(0, 1), page(0, 1)])
    assert timeline.changes() == {}
    assert timeline.count == 2


def test_time_that_decides_nothing_changes_nothing() -> None:
    timeline = Timeline(RULES)
    timeline.add([page(0, 1)])
    timeline.changes()
    timeline.advance(START + 30 * DAY - 1)
    assert timeline.changes() == {}
    timeline.advance(START + 30 * DAY)
    assert [row.journey_outcome for row in timeline.changes().values()] == ["abandoned"]


def test_time_does_not_go_back() -> None:
    timeline = Timeline(RULES)
    timeline.advance(START + 30 * DAY)
    timeline.advance(START)
    timeline.add([page(0, 1)])
    assert timeline.now == START + 30 * DAY
    assert timeline.next_due() is None


def test_a_late_fact_after_many_changes_few_rows() -> None:
    facts = long_history(3000, 1)
    timeline = Timeline(RULES)
    timeline.add(facts)
    timeline.changes()
    last = facts[-5]
    timeline.add([last._replace(event_id=b"\xff" * 16)])
    assert len(timeline.changes()) < 60


def test_a_long_history_in_batches_with_late_facts_equals_the_fold() -> None:
    facts = long_history(3000, 2)
    told = sorted(facts, key=lambda f: f.event_time + Random(f.event_time).choice([0, 0, 0, 60 * HOUR]))
    timeline, rows = Timeline(RULES), {}
    for start in range(0, len(told), 50):
        timeline.add(told[start : start + 50])
        timeline.advance(told[start].event_time)
        rows |= timeline.changes()
    assert rows == fold(facts, RULES, timeline.now)


def test_checkpoints_stay_few_and_an_old_fact_finds_one() -> None:
    facts = long_history(3000, 3)
    timeline = Timeline(RULES, 4)
    timeline.add(facts[:10] + facts[11:])
    timeline.add([facts[10]])
    assert len(timeline._checkpoints) <= CHECKPOINTS_AT_MOST
    assert timeline.changes() == fold(facts, RULES, 0)


def test_one_event_id_for_everything_is_many_facts() -> None:
    facts = [page(i * MINUTE, 7) for i in range(50)]
    timeline = Timeline(RULES)
    timeline.add(facts)
    assert timeline.count == 50
    assert {row.status for row in timeline.changes().values()} == {"folded"}


def test_thousands_of_late_facts_are_let_go_like_others() -> None:
    """Nearly nothing is folded, so there is no saved state at which to cut."""
    window, now = Window(100, 50), [page(i * HOUR, i) for i in range(5)]
    late = [
        page(i * MINUTE, 0)._replace(event_id=i.to_bytes(16, "big"), received_at=START + 99 * DAY)
        for i in range(9, 990)
    ]
    timeline, rows = Timeline(RULES), {}
    for start in range(0, len(late), 50):
        timeline.add([*now, *late[start : start + 50]] if not start else late[start : start + 50])
        rows |= timeline.changes()
        timeline.compact(window)
        assert timeline.held < 200
    assert rows == fold([*now, *late], RULES, 0)
    assert timeline.count == 986


def test_a_late_order_gives_a_cancelled_journey_back_its_outcome() -> None:
    """The first journey is touched by nothing that is told again, and yet its row changes."""
    first = fact("store", "Order Completed", 0, number=1)
    cancelled = fact("website", "Order Cancelled", 3 * HOUR, number=3)
    timeline = Timeline(RULES, 1)
    timeline.add([first, cancelled])
    assert timeline.changes()[first.key].journey_outcome == "cancelled"
    timeline.add([fact("website", "Order Completed", 2 * HOUR, number=4)])
    assert timeline.changes()[first.key].journey_outcome == "completed"


def test_touched_nodes_have_their_rows_told_again() -> None:
    first, second = page(0, 1), page(MINUTE, 2)._replace(node=b"o" * 16)
    late = page(2 * MINUTE, 3)._replace(received_at=first.event_time + 100 * HOUR)
    timeline = Timeline(RULES)
    timeline.add([first, second, late])
    timeline.changes()
    timeline.touch({first.node})
    assert set(timeline.changes()) == {first.key, late.key}
