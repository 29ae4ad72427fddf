"""What is measured now, corrected by those who differ, is what all of them folded again would measure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.fact import Fact
from streams.rehearsal.comparison import Nodes, Part
from streams.rehearsal.measures import counted, measures
from streams.rehearsal.rehearsal import Change, Measure, Sample, change_of, chosen, rehearsed
from tests.streams.fold.histories import DAY, RULES, START, fact, histories

NODES = [bytes([number] * 16) for number in (1, 2, 3)]
NOW = START + 2000 * DAY


def customers(*groups: Sequence[int]) -> Nodes:
    return {bytes([min(some)] * 16): tuple(bytes([n] * 16) for n in some) for some in groups}


def loader(facts: Sequence[Fact]):
    return lambda nodes: [fact for fact in facts if fact.node in nodes]


GROUPINGS = [customers((1, 2, 3)), customers((1,), (2, 3)), customers((1, 2), (3,)), customers((1,), (2,), (3,))]


@settings(max_examples=60)
@given(histories(), st.sampled_from(GROUPINGS), st.sampled_from(GROUPINGS))
def test_the_difference_leads_from_all_counts_before_to_all_counts_after(facts, before, after) -> None:
    facts = list({fact.key: fact for fact in facts}.values())
    change = change_of([Part(before, after)], (RULES, RULES), loader(facts), NOW)
    old = counted(before, facts, RULES, NOW)
    old.update(change.counts)
    assert +old == +counted(after, facts, RULES, NOW)


def order(node: int, day: int) -> Fact:
    return fact("store", "Order Completed", day * DAY, number=day, node=node, value=100)


def survey(node: int, score: float, number: int) -> Fact:
    return fact("survey", "Survey Answered", number * DAY, number=number, node=node, metric="nps", score=score)


def test_a_merge_of_two_buyers_makes_one_who_came_back() -> None:
    change = change_of([Part(GROUPINGS[3], GROUPINGS[2])], (RULES, RULES), loader([order(1, 1), order(2, 5)]), NOW)
    totals = {"customers": 4, "buyers": 4, "repeat_buyers": 1, "orders": 5, "touchpoints": 5}
    found = {measure.name: measure for measure in rehearsed(totals, [change])}
    assert found["customers"] == Measure("customers", 4, 3)
    assert found["orders per customer"] == Measure("orders per customer", 1.25, 5 / 3)
    assert found["repurchase rate %"] == Measure("repurchase rate %", 25, 200 / 3)
    assert found["touchpoints"].change == 0


def test_a_sample_stands_for_all() -> None:
    change = Change(Counter({"customers": -2}), Sample(folded=10, all=50))
    assert rehearsed({"customers": 100}, [change])[0] == Measure("customers", 100, 90)


def test_a_sample_is_chosen_by_the_ids_alone() -> None:
    parts = [bytes([n] * 16) for n in range(100)]
    some = chosen(parts, lambda id: id, 10)
    assert len(some) == 10
    assert sorted(some) == sorted(chosen(parts[::-1], lambda id: id, 10))
    assert chosen(parts, lambda id: id, 0) == parts


def test_other_rules_of_journeys_change_measures_of_the_same_customers() -> None:
    visits = [fact("website", "Page Viewed", n * 20 * 60_000, number=n) for n in range(3)]
    short = replace(RULES, timeouts={"website": 600_000})
    alone = {NODES[0]: (NODES[0],)}
    change = change_of([Part(alone, alone)], (RULES, short), loader(visits), NOW)
    assert change.counts["sessions"] == 2
    assert change.sample == Sample(1, 1)


def test_nps_is_a_share_of_answers_and_unknown_without_any() -> None:
    counts = counted(
        {NODES[0]: (NODES[0],)}, [survey(1, 10, 1), survey(1, 9, 2), survey(1, 7, 3), survey(1, 3, 4)], RULES, NOW
    )
    assert measures(counts)["NPS"] == 25
    assert measures(counts)["friction low_score"] == 1
    assert measures({})["NPS"] is None
    assert measures({})["orders per customer"] is None
    assert "NPS" not in {measure.name for measure in rehearsed({}, [])}


def test_an_event_told_for_two_customers_is_a_duplicate_when_they_are_one() -> None:
    twins = [order(1, 1), order(1, 1)._replace(node=NODES[1])]
    change = change_of([Part(GROUPINGS[3], GROUPINGS[2])], (RULES, RULES), loader(twins), NOW)
    assert change.counts["orders"] == -1
