"""Absence is a fact: it is told once, survives whoever was to tell it, and is taken back when it turns out not to be so."""

import pytest

from schemas.fact import Fact
from schemas.messages import Barrier, Change
from schemas.tables import DEADLINES, FACTS, FRICTION, STITCHED
from streams.steps.customers import Cache
from streams.steps.journeys import Done, Item, Journeys
from streams.view import View
from tests.streams.steps.outside import AT, PARTITIONS, RULES, Outside, change, fact, mark, member, refuse
from throughline.errors import Fenced, Unavailable

ANN, COOKIE = member("email", "ann@x.org"), member("anonymous_id", "c1")
HOME = ANN.home % PARTITIONS
OTHER = member("user_id", next(str(n) for n in range(99) if member("user_id", str(n)).home % PARTITIONS == HOME))
HOUR, DAY = 3_600_000, 86_400_000
CONTACT = fact(ANN, "e1")
ANSWER = fact(COOKIE, "e2", 60, "email", "Support Email Replied")


class House:
    """The tables, and the worker that owns the partition now."""

    def __init__(self) -> None:
        self.outside = Outside()
        self.owner = self.worker(AT)

    def worker(self, now: int, capacity: int = 1 << 30) -> Journeys:
        """A new one, which has become the owner."""
        step = Journeys(RULES, View(), PARTITIONS, Cache(capacity))
        self.outside.run(step.assign(HOME, now))
        self.owner = step
        return step

    def tell(self, *facts: Fact, now: int = AT) -> Done:
        """They are stored and their marks are folded."""
        self.outside.insert(FACTS, *facts)
        return self.outside.run(self.owner.take([Item(HOME, mark(each)) for each in facts], now))

    def until(self, now: int, step: Journeys | None = None) -> list[str]:
        """A worker looks ahead and folds what has come; gives the signals that it has raised."""
        step, raised = step or self.owner, []
        while step.deadlines.behind(now) or (step.deadlines.next_due() or now + 1) <= now:
            self.outside.run(step.look_ahead(now))
            raised += [signal[3] for signal in self.outside.run(step.take([], now)).signals if signal[5]]
        return raised

    def signals(self, name: str = "unanswered") -> list[tuple[int, int]]:
        """(live, changes of mind) of each row."""
        rows = self.outside.store.rows(FRICTION)
        return [(row["live"], row["version"] & 0xFFFF) for row in rows if row["signal"] == name]

    @property
    def hints(self) -> int:
        return len(self.outside.store.rows(DEADLINES))


def test_it_is_told_once_by_whoever_owns_the_customer_when_its_time_comes() -> None:
    house = House()
    house.tell(CONTACT)
    house.worker(AT + HOUR)  # another worker, after a kill -9 or a rebalance: nothing was handed over
    assert house.until(AT + DAY - 1) == []
    assert house.until(AT + DAY) == ["unanswered"]
    house.worker(AT + DAY)
    assert house.until(AT + DAY + HOUR) == []
    assert house.signals() == [(1, 1)]


@pytest.mark.parametrize("table", ["friction", "stitched", "deadlines"])
def test_a_worker_that_dies_while_it_tells_leaves_it_to_the_next_to_finish(table: str) -> None:
    house = House()
    house.tell(CONTACT)
    house.outside.interrupt = refuse(Unavailable("away"), table)
    with pytest.raises(Unavailable):
        house.until(AT + DAY)
    house.worker(AT + DAY + HOUR)
    house.until(AT + DAY + HOUR)
    assert house.signals() == [(1, 1)]
    assert [row["signals"] for row in house.outside.store.rows(STITCHED)] == [("unanswered",)]


def test_of_two_workers_that_both_believe_to_own_it_one_is_refused() -> None:
    house = House()
    house.tell(CONTACT)
    zombie, heir = house.owner, house.worker(AT + HOUR)
    with pytest.raises(Fenced):
        house.until(AT + DAY, zombie)
    assert house.signals() == []
    assert house.until(AT + DAY, heir) == ["unanswered"]
    assert house.signals() == [(1, 1)]


def test_what_lies_in_the_past_when_it_is_told_is_decided_at_once() -> None:
    house = House()
    assert [signal[3] for signal in house.tell(CONTACT, now=AT + 2 * DAY).signals] == ["unanswered"]


def test_a_late_answer_takes_it_back_and_a_cut_tells_it_again() -> None:
    """The answer was to a cookie that was held to be Ann's, and then was not."""
    house, both = House(), change(7, ANN, COOKIE)
    house.tell(CONTACT)
    house.until(AT + DAY)
    house.outside.become(both)
    house.owner.view.apply(1, [both, Change(COOKIE.node, COOKIE.home, 7, ())])
    house.tell(ANSWER, now=AT + DAY)
    assert house.signals() == [(0, 2)]
    parted = [change(8, ANN), change(8, COOKIE)]
    for one in parted:
        house.outside.become(one)
    house.owner.view.apply(3, parted)
    house.outside.run(house.owner.take([Item(HOME, Barrier((COOKIE.node,), (ANN.node,), 3))], AT + DAY))
    assert house.signals() == [(1, 3)]


def test_an_owner_whose_clock_is_ahead_tells_it_early_and_the_next_takes_it_back_until_its_time() -> None:
    house = House()
    house.tell(CONTACT)
    house.until(AT + DAY)  # it is 23 h after the contact in truth
    house.worker(AT + DAY - HOUR)
    house.tell(fact(ANN, "e3", 23 * 60, "website", "Page Viewed"), now=AT + DAY - HOUR)
    assert house.signals() == [(0, 2)]
    assert house.until(AT + DAY) == ["unanswered"]
    assert house.signals() == [(1, 3)]


def test_a_customer_that_is_read_for_each_event_is_armed_once() -> None:
    house = House()
    house.worker(AT, capacity=1)
    for hours in range(0, 12, 2):  # each view moves the end of the journey
        for who in (ANN, OTHER):
            house.tell(fact(who, f"{hours}", hours * 60, "website", "Page Viewed"), now=AT + hours * HOUR)
    assert len(house.owner.cache) == 1
    assert house.hints == 2


def test_a_hint_that_comes_early_for_a_customer_who_is_not_in_memory_is_followed_by_another() -> None:
    house, views = House(), [fact(ANN, f"v{day}", day * 1440, "website", "Page Viewed") for day in (0, 10)]
    for each in views:
        house.tell(each, now=each.event_time)
    house.worker(AT + 20 * DAY)
    house.until(AT + 30 * DAY)  # the hint of the first view
    house.until(AT + 40 * DAY)
    assert [row["journey_outcome"] for row in house.outside.store.rows(STITCHED)] == ["abandoned", ""]


def test_a_deadline_that_was_taken_back_and_stands_again_has_a_hint_ahead() -> None:
    """While it did not stand, the slice with its hint was read, and the hint passed over."""
    house, answer = House(), fact(ANN, "e2", 60, "email", "Support Email Replied")
    first_received = answer._replace(event_time=AT - HOUR, version=answer.version + 1)
    house.tell(CONTACT)
    house.tell(answer, now=AT + HOUR)
    house.until(AT + DAY - 2_000)
    house.tell(first_received, now=AT + DAY - 1_000)  # it was answered before it was asked
    assert house.until(AT + DAY) == ["unanswered"]


def test_two_deadlines_at_one_time_do_not_hide_each_other() -> None:
    """It cannot be told from the rows under which of them the hint stands."""
    low, high = sorted((ANN, COOKIE), key=lambda who: who.node)
    house, both = House(), change(7, ANN, COOKIE)
    house.outside.become(both)
    house.owner.view.apply(1, [both])
    mail, post = fact(high, "e1"), fact(low, "e2", 20 * 60, "social", "Social Message Received")
    house.tell(mail, post)
    house.worker(AT + 21 * HOUR)
    house.tell(fact(ANN, "e3", 21 * 60, "email", "Support Email Replied"), now=AT + 21 * HOUR)
    assert house.until(AT + DAY) == ["unanswered"]


def test_customers_who_are_read_for_a_deadline_alone_do_not_stay_in_memory() -> None:
    house = House()
    house.tell(CONTACT)
    house.worker(AT + HOUR)
    assert house.until(AT + DAY) == ["unanswered"]
    assert len(house.owner.cache) == 0
    house.tell(fact(ANN, "e3", 25 * 60), now=AT + 25 * HOUR)
    house.until(AT + 49 * HOUR)
    assert len(house.owner.cache) == 1
