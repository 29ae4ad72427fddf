"""The journeys step over the store in memory: what it writes, forwards, keeps, and drops."""

import pytest

from schemas.fact import Fact
from schemas.messages import Barrier, Change
from schemas.tables import DEADLINES, FACTS, FRICTION, STITCHED
from streams.effects import Ask, Effect
from streams.steps.customers import Cache
from streams.steps.journeys import Done, Item, Journeys
from streams.view import View
from tests.streams.steps.outside import AT, PARTITIONS, RULES, Outside, change, fact, mark, member, refuse
from throughline.errors import Fenced, Unavailable

ANN, COOKIE = member("email", "ann@x.org"), member("anonymous_id", "c1")
HOME, AWAY = ANN.home % PARTITIONS, (ANN.home + 1) % PARTITIONS
BOTH = change(7, ANN, COOKIE)
COMPLAINT = fact(ANN, "e1", 0, "survey", "Survey Answered")._replace(metric="nps", score=2.0)
DAY = 86_400_000


def journeys(outside: Outside, *partitions: int) -> Journeys:
    """The owner of these partitions."""
    step = Journeys(RULES, View(), PARTITIONS, Cache())
    for partition in partitions:
        outside.run(step.assign(partition, AT))
    outside.done.clear()
    return step


def stored(outside: Outside, *facts: Fact) -> None:
    outside.insert(FACTS, *facts)


def fold(outside: Outside, step: Journeys, *items: Item, now: int = AT) -> Done:
    return outside.run(step.take(items, now))


def customers(outside: Outside) -> list[bytes]:
    return [row["customer_id"] for row in outside.store.rows(STITCHED)]


def test_a_mark_makes_a_row_of_the_present_customer() -> None:
    outside, visit = Outside(), fact(COOKIE, "e1")
    outside.become(BOTH)
    stored(outside, visit)
    fold(outside, journeys(outside, HOME), Item(HOME, mark(visit)))
    assert customers(outside) == [ANN.node]


def test_a_repeated_batch_writes_nothing_new() -> None:
    outside, visit = Outside(), fact(ANN, "e1")
    stored(outside, visit)
    step = journeys(outside, HOME)
    assert fold(outside, step, Item(HOME, mark(visit))).rows == 1
    assert fold(outside, step, Item(HOME, mark(visit))).rows == 0
    assert fold(outside, journeys(outside, HOME), Item(HOME, mark(visit))).rows == 0


def test_a_mark_for_another_partition_is_forwarded_with_what_was_seen() -> None:
    outside, visit = Outside(), fact(COOKIE, "e1")
    outside.become(BOTH)
    step = journeys(outside, AWAY)
    step.view.apply(9, ())
    assert fold(outside, step, Item(AWAY, mark(visit, seen=9))).forwarded == 1
    [(partition, message)] = outside.inbox()
    assert partition == HOME
    assert message.marks == (mark(visit, seen=9, seq=7),)
    assert customers(outside) == []


def test_the_view_is_waited_for_before_it_is_used() -> None:
    outside, visit = Outside(), fact(ANN, "e1")
    fold(outside, journeys(outside, HOME), Item(HOME, mark(visit, seen=4)))
    assert outside.done[:2] == ["reach 4", "customers_of"]


def test_a_barrier_hands_the_nodes_over() -> None:
    outside = Outside()
    outside.become(BOTH)
    step = journeys(outside, AWAY)
    fold(outside, step, Item(AWAY, Barrier((COOKIE.node,), (COOKIE.node,), 0)))
    [(partition, message)] = outside.inbox()
    assert partition == HOME
    assert [(m.node, m.fact, m.seq) for m in message.marks] == [(COOKIE.node, None, 7)]


def test_a_barrier_makes_a_customer_that_lost_a_node_read_again() -> None:
    outside, visit, purchase = Outside(), fact(COOKIE, "e1"), fact(ANN, "e2", 5)
    outside.become(BOTH)
    stored(outside, visit, purchase)
    step = journeys(outside, HOME)
    fold(outside, step, Item(HOME, mark(visit)), Item(HOME, mark(purchase)))
    split = [change(8, ANN), change(8, COOKIE)]
    for one in split:
        outside.become(one)
    step.view.apply(2, split)
    assert fold(outside, step, Item(HOME, Barrier((ANN.node,), (COOKIE.node,), 2))).loaded >= 1
    touchpoints = {
        row["customer_id"]: row["journey_touchpoints"] for row in outside.store.rows(STITCHED) if row["journey_start"]
    }
    assert touchpoints[ANN.node] == 1


def test_what_follows_from_a_row_is_durable_before_the_row() -> None:
    outside = Outside()
    stored(outside, COMPLAINT, fact(ANN, "e2"))
    fold(outside, journeys(outside, HOME), Item(HOME, mark(COMPLAINT)))
    assert outside.done[-4:] == ["deadlines", "friction", "stitched", "friction"]  # the last is the hint


def test_a_deadline_fires_once() -> None:
    outside, contact = Outside(), fact(ANN, "e1")
    stored(outside, contact)
    fold(outside, journeys(outside, HOME), Item(HOME, mark(contact)))
    heir = journeys(outside, HOME)
    outside.run(heir.look_ahead(AT + 2 * DAY))
    assert [signal[3] for signal in fold(outside, heir, now=AT + 2 * DAY).signals] == ["unanswered"]
    outside.run(heir.look_ahead(AT + 2 * DAY))
    assert fold(outside, heir, now=AT + 2 * DAY).signals == ()


def test_a_deadline_of_a_customer_who_moved_is_left_to_the_new_owner() -> None:
    outside, contact = Outside(), fact(COOKIE, "e1")
    stored(outside, contact)
    away = (COOKIE.home if COOKIE.home % PARTITIONS != HOME else AWAY) % PARTITIONS
    fold(outside, journeys(outside, away), Item(away, mark(contact)))
    outside.become(BOTH)
    heir = journeys(outside, away)
    outside.run(heir.look_ahead(AT + 2 * DAY))
    assert fold(outside, heir, now=AT + 2 * DAY).rows == 0


def test_a_fenced_insert_drops_everything() -> None:
    outside, visit = Outside(), fact(ANN, "e1")
    stored(outside, visit)
    step = journeys(outside, HOME)
    fold(outside, step, Item(HOME, mark(visit)))
    outside.store.register_epoch(HOME)
    later = fact(ANN, "e2", 5)
    stored(outside, later)
    with pytest.raises(Fenced, match=f"partitions {HOME}"):
        fold(outside, step, Item(HOME, mark(later)))
    assert len(step.cache) == 0
    assert len(outside.store.rows(STITCHED)) == 1


def test_a_row_counts_as_stored_only_when_it_was_acknowledged() -> None:
    outside, visit = Outside(), fact(ANN, "e1")
    stored(outside, visit)
    step = journeys(outside, HOME)
    outside.interrupt = refuse(Unavailable("away"), "stitched")
    with pytest.raises(Unavailable):
        fold(outside, step, Item(HOME, mark(visit)))
    assert fold(outside, step, Item(HOME, mark(visit))).rows == 1


def test_a_signal_that_was_announced_and_whose_row_was_lost_is_not_announced_twice() -> None:
    outside = Outside()
    stored(outside, COMPLAINT)
    outside.interrupt = refuse(Unavailable("away"), "stitched")
    with pytest.raises(Unavailable):
        fold(outside, journeys(outside, HOME), Item(HOME, mark(COMPLAINT)))
    assert fold(outside, journeys(outside, HOME), Item(HOME, mark(COMPLAINT))).signals == ()
    assert [row["signal"] for row in outside.store.rows(FRICTION)] == ["low_score"]


def test_a_signal_that_a_late_event_disproves_is_withdrawn() -> None:
    outside, contact = Outside(), fact(ANN, "e1")
    reply = fact(ANN, "e2", 30, event="Support Email Replied")
    stored(outside, contact)
    step = journeys(outside, HOME)
    fold(outside, step, Item(HOME, mark(contact)), now=AT + 2 * DAY)
    stored(outside, reply)
    fold(outside, step, Item(HOME, mark(reply)), now=AT + 2 * DAY)
    assert [(row["signal"], row["live"]) for row in outside.store.rows(FRICTION)] == [("unanswered", 0)]


def test_an_owner_waits_for_the_inserts_of_the_former_one() -> None:
    outside = Outside()
    outside.run(Journeys(RULES, View(), PARTITIONS, Cache()).assign(HOME, AT))
    assert outside.done == ["register_epoch", "inserts_of_older_epochs", "reach end", "rules", "deadlines"]


def test_a_partition_that_goes_and_comes_back_in_the_middle_of_a_batch_ends_it() -> None:
    outside, visit = Outside(), fact(ANN, "e1")
    stored(outside, visit)
    step = journeys(outside, HOME)

    def rebalance(effect: Effect) -> None:
        if isinstance(effect, Ask) and effect.method == "facts_of":
            step.revoke(HOME)
            step.epochs[HOME] = outside.store.register_epoch(HOME)

    outside.interrupt = rebalance
    with pytest.raises(Fenced):
        fold(outside, step, Item(HOME, mark(visit)))
    assert outside.store.rows(STITCHED) == []


def test_a_partition_that_went_has_no_deadlines() -> None:
    outside = Outside()
    contact = fact(ANN, "e1")
    stored(outside, contact)
    step = journeys(outside, HOME)
    fold(outside, step, Item(HOME, mark(contact)))
    assert outside.store.rows(DEADLINES)
    step.revoke(HOME)
    outside.run(step.look_ahead(AT + 2 * DAY))
    assert step.deadlines.next_due() is None


def test_a_customer_that_was_evicted_is_read_again() -> None:
    outside, first, second = Outside(), fact(ANN, "e1"), fact(ANN, "e2", 5)
    stored(outside, first, second)
    step = journeys(outside, HOME)
    step.cache.capacity = 1
    other = member("user_id", next(str(n) for n in range(99) if member("user_id", str(n)).home % PARTITIONS == HOME))
    fold(outside, step, Item(HOME, mark(first)))
    fold(outside, step, Item(HOME, mark(fact(other, "e3"))))
    assert len(step.cache) == 1
    assert fold(outside, step, Item(HOME, mark(second))).loaded == 1


def test_a_customer_merged_away_is_folded_no_more() -> None:
    outside, visit = Outside(), fact(COOKIE, "e1")
    stored(outside, visit)
    step = journeys(outside, HOME)
    fold(outside, step, Item(HOME, mark(visit)))
    merged = [BOTH, Change(COOKIE.node, COOKIE.home, 7, ())]
    outside.become(BOTH)
    step.view.apply(2, merged)
    fold(outside, step, Item(HOME, Barrier((COOKIE.node,), (COOKIE.node,), 2)))
    assert customers(outside) == [ANN.node]


def test_a_deadline_that_has_come_does_not_come_again_each_minute() -> None:
    """Its row still has one, three days later: the hint of the first stays in the table."""
    outside, contact = Outside(), fact(ANN, "e1")
    stored(outside, contact)
    step = journeys(outside, HOME)
    fold(outside, step, Item(HOME, mark(contact)))
    outside.run(step.look_ahead(AT + DAY))
    fold(outside, step, now=AT + DAY)
    assert [row["signal"] for row in outside.store.rows(FRICTION)] == ["unanswered"]
    assert len(outside.store.rows(DEADLINES)) == 2
    outside.run(step.look_ahead(AT + DAY + 60_000))
    assert step.deadlines.next_due() is None
    outside.run(step.look_ahead(AT + 3 * DAY))
    assert step.deadlines.next_due() == AT + 3 * DAY
