"""The sweep after a change of rules: in portions, until every row is made by the rules that hold, and never in vain."""

import pytest

from schemas.fact import Fact
from schemas.ids import Id
from schemas.messages import RULES_KEY, Mark, Ruling, encode
from schemas.tables import FACTS, RULES, STITCHED
from streams.steps.blocks import facts_block
from streams.steps.customers import Cache
from streams.steps.journeys import Item, Journeys
from streams.steps.sweep import Sweep
from streams.view import View
from streams.worker.reading import announced
from tests.streams.steps.outside import AT, PARTITIONS, Outside, change, fact, mark, member, refuse
from tests.streams.steps.outside import RULES as SHIPPED
from throughline.errors import Unavailable

PEOPLE = [member("email", f"{number}@x.org") for number in range(7)]
COOKIE = member("anonymous_id", "c1")
SECOND = 'version = 2\n[journeys]\nlate_after = "1 h"\n'
OWNED = tuple(range(PARTITIONS))


def late(number: int) -> Fact:
    """Received two hours after it happened."""
    return fact(PEOPLE[number], f"e{number}")._replace(received_at=AT + 7_200_000)


def journeys(outside: Outside, *partitions: int) -> Journeys:
    step = Journeys(SHIPPED, View(), PARTITIONS, Cache())
    for partition in partitions:
        outside.run(step.assign(partition, AT))
    return step


def folded(outside: Outside, step: Journeys, *facts: Fact) -> None:
    outside.store.insert(facts_block(facts))
    homes = {person.node: person.home % PARTITIONS for person in PEOPLE}
    outside.run(step.take([Item(homes[each.node], mark(each)) for each in facts], AT))


def change_rules(outside: Outside, step: Journeys, text: str = SECOND, version: int = 2) -> None:
    """As the resolver does it: into the tables, then announced."""
    outside.insert(RULES, (9, version, text, AT))
    step.view.apply(step.view.position + 1, [announced(RULES_KEY, encode(Ruling(version, 9, text)))])


def swept(outside: Outside, sweep: Sweep, limit: int = 2) -> int:
    """The number of portions until there is nothing to do."""
    portions = 0
    while sweep.is_due or sweep.looks(AT):
        if sweep.is_due:
            portions += 1
            outside.run(sweep.portion(limit, AT))
        else:
            outside.run(sweep.look(3, AT))
        assert portions < 50
    return portions


def versions(outside: Outside) -> set[int]:
    return {row["version"] >> 96 for row in outside.store.rows(STITCHED)}


def statuses(outside: Outside) -> dict[Id, str]:
    return {row["node"]: row["status"] for row in outside.store.rows(STITCHED)}


def test_while_the_rules_stay_as_they_ship_nothing_is_asked() -> None:
    outside = Outside()
    step = journeys(outside, *OWNED)
    folded(outside, step, late(0))
    assert Sweep(step).is_over and not Sweep(step).looks(AT)


def test_all_that_is_stored_is_folded_by_the_new_rules_in_small_portions() -> None:
    outside = Outside()
    step = journeys(outside, *OWNED)
    sweep, facts = Sweep(step), [late(number) for number in range(7)]
    folded(outside, step, *facts)
    assert set(statuses(outside).values()) == {"folded"}
    change_rules(outside, step)
    assert swept(outside, sweep) == 6  # the first takes over the rules; then 7 nodes, found by three and folded by two
    assert sweep.version == 2
    assert set(statuses(outside).values()) == {"late"}
    assert (versions(outside), sweep.is_over, sweep.left) == ({2}, True, 0)


def test_a_row_that_stays_as_it_was_gets_the_new_version_too_so_that_the_sweep_ends() -> None:
    outside = Outside()
    step = journeys(outside, *OWNED)
    folded(outside, step, late(0))
    change_rules(outside, step, "version = 2\n")
    swept(outside, Sweep(step))
    assert (statuses(outside), versions(outside)) == ({PEOPLE[0].node: "folded"}, {2})


def test_a_new_owner_goes_on_where_the_former_one_died() -> None:
    outside = Outside()
    former = journeys(outside, *OWNED)
    folded(outside, former, *(late(number) for number in range(7)))
    change_rules(outside, former)
    sweep = Sweep(former)
    outside.run(sweep.portion(3, AT))
    outside.run(sweep.look(3, AT))
    outside.run(sweep.portion(3, AT))
    assert versions(outside) == {1, 2}
    swept(outside, Sweep(journeys(outside, *OWNED)))
    assert versions(outside) == {2}


def test_what_failed_is_found_again() -> None:
    outside = Outside()
    step = journeys(outside, *OWNED)
    folded(outside, step, late(0))
    change_rules(outside, step)
    outside.interrupt = refuse(Unavailable("away"), "stitched")
    sweep = Sweep(step)
    outside.run(sweep.portion(5, AT))
    outside.run(sweep.look(5, AT))
    with pytest.raises(Unavailable):
        outside.run(sweep.portion(5, AT))
    swept(outside, sweep)
    assert versions(outside) == {2}


def test_only_the_partitions_that_are_owned_are_swept_and_a_new_one_is_swept_as_well() -> None:
    outside = Outside()
    folded(outside, journeys(outside, *OWNED), *(late(number) for number in range(7)))
    step = journeys(outside, PEOPLE[0].home % PARTITIONS)
    sweep = Sweep(step)
    change_rules(outside, step)
    swept(outside, sweep)
    assert sweep.is_over and versions(outside) == {1, 2}
    for partition in set(OWNED) - step.epochs.keys():
        outside.run(step.assign(partition, AT))
    assert not sweep.is_over
    swept(outside, sweep)
    assert versions(outside) == {2}


def test_a_row_whose_customer_is_at_home_elsewhere_is_handed_over_and_looked_for_again_after_a_rest() -> None:
    outside = Outside()
    here, there = COOKIE.home % PARTITIONS, PEOPLE[0].home % PARTITIONS
    assert here != there
    step, visit = journeys(outside, here), fact(COOKIE, "e1")
    outside.insert(FACTS, *[visit[: len(FACTS.columns)]])
    outside.run(step.take([Item(here, mark(visit))], AT))
    outside.become(change(7, PEOPLE[0], COOKIE))
    step.view.distrust(COOKIE.node, 7)
    change_rules(outside, step)
    sweep = Sweep(step)
    swept(outside, sweep)
    assert not sweep.is_over and not sweep.looks(AT + 999) and sweep.looks(AT + 1_000)
    partition, message = outside.inbox()[-1]
    assert (partition, message.marks[0].node, message.marks[0].fact) == (there, COOKIE.node, None)
    outside.run(journeys(outside, there).take([Item(there, message.marks[0])], AT))
    outside.run(sweep.look(5, AT + 1_000))
    assert sweep.is_over and versions(outside) == {2}


def test_a_row_that_newer_rules_have_made_makes_a_worker_ask_for_them() -> None:
    """Its partition's former owner has found them in the tables, and they were not announced yet."""
    outside = Outside()
    outside.insert(RULES, (9, 2, SECOND, AT))
    folded(outside, journeys(outside, *OWNED), late(0))
    behind = journeys(outside, *OWNED)
    behind.view.rules, behind.rules = None, SHIPPED  # as if the tables had answered a moment earlier
    folded(outside, behind, fact(PEOPLE[0], "e9", 5))
    assert (behind.rules.version, versions(outside)) == (2, {2})


def test_a_fact_that_was_derived_by_other_rules_is_read_from_the_tables() -> None:
    outside, visit = Outside(), late(0)
    step = journeys(outside, *OWNED)
    outside.store.insert(facts_block([visit]))
    home = PEOPLE[0].home % PARTITIONS
    wrong = Mark(visit.node, visit._replace(event="Call Started"), 0, 0, rules=7)
    outside.done.clear()
    outside.run(step.take([Item(home, wrong)], AT))
    assert "facts_of" in outside.done
    assert [row["event"] for row in outside.store.rows(STITCHED)] == [visit.event]
