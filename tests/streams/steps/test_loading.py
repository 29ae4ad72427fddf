"""What is read of a long customer, and what is not."""

from schemas.fact import Fact
from schemas.tables import CHECKPOINTS, FACTS
from streams.effects import Ask, Effect
from streams.fold.window import Window
from streams.steps.customers import Cache
from streams.steps.journeys import Done, Item, Journeys
from streams.view import View
from tests.streams.steps.outside import AT, PARTITIONS, RULES, Outside, fact, mark, member

TILL = member("email", "till@x.org")
HOME = TILL.home % PARTITIONS
WINDOW = Window(most=20, least=10, every=2)


class Asked:
    """The arguments of every question, by method."""

    def __init__(self, outside: Outside) -> None:
        self.of: dict[str, list[tuple[object, ...]]] = {}
        outside.interrupt = self.note

    def note(self, effect: Effect) -> None:
        if isinstance(effect, Ask):
            self.of.setdefault(effect.method, []).append(effect.args)


def owner(outside: Outside, window: Window = WINDOW) -> Journeys:
    step = Journeys(RULES, View(), PARTITIONS, Cache(window=window))
    outside.run(step.assign(HOME, AT))
    return step


def visit(number: int) -> Fact:
    return fact(TILL, f"e{number}", number, "website", "Page Viewed")


def tell(outside: Outside, step: Journeys, *facts: Fact) -> Done:
    outside.insert(FACTS, *(one[: len(FACTS.columns)] for one in facts))
    return outside.run(step.take([Item(HOME, mark(one)) for one in facts], AT))


def long_customer(outside: Outside, count: int = 200) -> Journeys:
    step = owner(outside)
    for first in range(0, count, 10):
        step.saved = 0  # checkpoints are written at once
        tell(outside, step, *(visit(i) for i in range(first, first + 10)))
    return step


def journey_touchpoints(outside: Outside) -> int:
    return max(row["journey_touchpoints"] for row in outside.store.rows("stitched"))


def test_another_worker_reads_the_window_and_not_the_history() -> None:
    outside = Outside()
    long_customer(outside)
    asked, step = Asked(outside), owner(outside)
    done = tell(outside, step, visit(200))
    assert done.rows == 2  # its own, and the head of session and journey
    assert "facts_of" not in asked.of
    assert step.cache[TILL.node].timeline.held < 25
    assert journey_touchpoints(outside) == 201


def test_a_late_fact_goes_back_about_as_far_as_it_is_late() -> None:
    outside = Outside()
    step, asked = long_customer(outside), Asked(outside)
    tell(outside, step, visit(160)._replace(event_id=b"l" * 16))
    assert "facts_of" not in asked.of
    [(cuts, _)] = asked.of["facts_since"]
    assert isinstance(cuts, dict)
    assert visit(60).event_time < cuts[TILL.node] <= visit(160).event_time
    assert journey_touchpoints(outside) == 201


def test_a_fact_told_again_long_after_costs_a_question_and_no_row() -> None:
    outside = Outside()
    step, asked = long_customer(outside), Asked(outside)
    assert tell(outside, step, visit(3), visit(77)).rows == 0
    assert list(asked.of) == ["stitched_of_events"]


def test_a_checkpoint_of_another_build_is_not_read() -> None:
    outside = Outside()
    long_customer(outside)
    rows = [tuple(row.values()) for row in outside.store.rows(CHECKPOINTS)]
    outside.insert(CHECKPOINTS, *((*row[:4], 7, *row[5:]) for row in rows))
    asked = Asked(outside)
    tell(outside, owner(outside), visit(200))
    assert "fingerprints" not in asked.of
    assert len(asked.of["facts_of"]) == 1


def test_checkpoints_of_one_customer_are_few_and_at_all_distances() -> None:
    outside = Outside()
    long_customer(outside, 600)
    folded = sorted(row["folded"] for row in outside.store.rows(CHECKPOINTS))
    assert 3 <= len(folded) <= 8
    assert folded[-1] > 570
    assert all(600 - one <= 2 * (600 - other) + 20 for one, other in zip(folded[-3:], folded[-2:], strict=False))


def test_a_checkpoint_is_written_after_the_rows_that_it_stands_for() -> None:
    outside = Outside()
    long_customer(outside, 40)
    written = [name for name in outside.done if name in ("stitched", "checkpoints")]
    assert written[written.index("checkpoints") - 1] == "stitched"


def test_a_large_customer_that_was_read_as_a_whole_leaves_many_checkpoints() -> None:
    outside = Outside()
    step = owner(outside)
    tell(outside, step, *map(visit, range(500)))
    assert step.cache[TILL.node].timeline.held <= 25
    assert len(outside.store.rows(CHECKPOINTS)) >= 3
