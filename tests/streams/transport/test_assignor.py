"""Who reads which partition: together, evenly, and with as few moves as that allows."""

import json
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from streams.transport.assignor import Copartitioned, Member, assign

TOPICS = {"touchpoints.store": 8, "touchpoints.chat": 8, "journeys.inbox": 8}


def crew(*names: str, topics=TOPICS) -> dict[str, Member]:
    return {name: Member(frozenset(topics)) for name in names}


def carried_on(plan, members, round=1) -> dict[str, Member]:
    """The same members, who now have what the plan gave them."""
    return {
        name: Member(member.topics, {t: set(p) for t, p in plan[name].items()}, round)
        for name, member in members.items()
    }


def test_the_same_partition_of_all_topics_goes_to_one_worker():
    plan = assign(crew("a", "b", "c"), TOPICS)
    for owned in plan.values():
        assert len({tuple(partitions) for partitions in owned.values()}) == 1


def test_every_partition_has_exactly_one_owner():
    plan = assign(crew("a", "b", "c"), TOPICS)
    assert sorted(p for owned in plan.values() for p in owned["journeys.inbox"]) == list(range(8))


def test_a_joining_worker_takes_only_what_balance_demands():
    members = crew("a", "b")
    plan = assign(members, TOPICS)
    wider = assign({**carried_on(plan, members), **crew("c")}, TOPICS)
    for name in ("a", "b"):
        assert set(wider[name]["journeys.inbox"]) < set(plan[name]["journeys.inbox"])
    assert len(wider["c"]["journeys.inbox"]) == 2


def test_a_leaving_worker_moves_nothing_but_its_own():
    members = crew("a", "b", "c")
    plan = assign(members, TOPICS)
    left = carried_on(plan, members)
    del left["c"]
    narrower = assign(left, TOPICS)
    for name in ("a", "b"):
        assert set(narrower[name]["journeys.inbox"]) > set(plan[name]["journeys.inbox"])


def test_of_two_who_claim_a_partition_the_later_round_has_it():
    members = {
        "zombie": Member(frozenset({"t"}), {"t": {0}}, round=3),
        "b": Member(frozenset({"t"}), {"t": {0}}, round=4),
    }
    assert assign(members, {"t": 2})["b"]["t"] == [0]


def test_a_topic_of_one_partition_goes_to_whoever_has_least():
    topics = {"wide": 3, "claims": 1}
    plan = assign(crew("a", "b", topics=topics), topics)
    busier = max(plan, key=lambda name: len(plan[name]["wide"]))
    assert "claims" not in plan[busier]


def test_a_topic_is_given_only_to_those_who_read_it():
    members = {"a": Member(frozenset({"x", "y"})), "b": Member(frozenset({"x"}))}
    plan = assign(members, {"x": 4, "y": 4})
    assert plan["a"]["y"] == [0, 1, 2, 3]
    assert "y" not in plan["b"]


def test_a_topic_kafka_does_not_know_is_left_out():
    assert assign(crew("a", topics=["gone"]), {"gone": 0}) == {"a": {}}


def test_more_workers_than_partitions_leaves_some_without():
    plan = assign(crew("a", "b", "c", topics=["t"]), {"t": 2})
    assert sorted(len(owned.get("t", [])) for owned in plan.values()) == [0, 1, 1]


@given(st.integers(1, 24), st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_any_sequence_of_crews_stays_balanced_and_together(size, crews):
    topics, had = {"a": size, "b": size}, {}
    for round, count in enumerate(crews, start=1):
        members = {f"w{i}": had.get(f"w{i}", Member(frozenset(topics))) for i in range(count)}
        plan = assign(members, topics)
        loads = [len(owned.get("a", [])) for owned in plan.values()]
        assert max(loads) - min(loads) <= 1
        assert sum(loads) == size
        assert all(owned.get("a") == owned.get("b") for owned in plan.values())
        had = carried_on(plan, members, round)


def test_the_plan_travels_through_kafkas_protocol():
    leader, other = Copartitioned(), Copartitioned()
    cluster = SimpleNamespace(partitions_for_topic={"t": {0, 1, 2}}.get)
    given = leader.assign(cluster, {"l": leader.metadata({"t"}), "o": other.metadata({"t"})})
    leader.on_assignment(given["l"])
    other.on_assignment(given["o"])
    assert sorted(leader.owned["t"] + other.owned["t"]) == [0, 1, 2]
    assert json.loads(other.metadata({"t"}).user_data) == {"owned": other.owned, "round": 1}
