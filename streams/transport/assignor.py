"""Assigns the same partition number of all topics to the same worker, evenly, and lets it stay where it is."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

Owned = Mapping[str, set[int]]  # topic -> partitions


@dataclass(frozen=True, slots=True)
class Member:
    """What a worker says when it joins: the topics it reads, what it had, and in which round it got that."""

    topics: frozenset[str]
    owned: Owned = field(default_factory=dict)
    round: int = 0


def assign(members: Mapping[str, Member], partitions: Mapping[str, int]) -> dict[str, dict[str, list[int]]]:
    """Member -> topic -> partitions. Topics of one size that the same members read are one group: partition p of
    each goes to one member. Within a group no member has two partitions more than another. Pure and deterministic.
    """
    plan: dict[str, dict[str, list[int]]] = {member: {} for member in members}
    load = dict.fromkeys(sorted(members), 0)
    for (size, readers), topics in _groups(members, partitions):
        held = _held({name: members[name] for name in readers}, topics, size)
        owners = _spread(size, readers, held, load)
        for topic in topics:
            for partition, member in enumerate(owners):
                plan[member].setdefault(topic, []).append(partition)
    return plan


def _groups(
    members: Mapping[str, Member], partitions: Mapping[str, int]
) -> list[tuple[tuple[int, tuple[str, ...]], list[str]]]:
    groups: dict[tuple[int, tuple[str, ...]], list[str]] = defaultdict(list)
    for topic in sorted(partitions):
        readers = tuple(sorted(name for name, member in members.items() if topic in member.topics))
        if readers and partitions[topic]:
            groups[partitions[topic], readers].append(topic)
    return sorted(groups.items(), reverse=True)


def _held(readers: Mapping[str, Member], topics: Sequence[str], size: int) -> dict[int, str]:
    """Partition -> who has it; of two who say so the one of the later round."""
    held: dict[int, str] = {}
    for name in sorted(readers, key=lambda name: (readers[name].round, name)):
        for topic in topics:
            held |= {p: name for p in readers[name].owned.get(topic, ()) if p < size}
    return held


def _spread(size: int, readers: Sequence[str], held: Mapping[int, str], load: dict[str, int]) -> list[str]:
    """The owner of each partition: the holder as long as that keeps the balance, else whoever has least to do."""
    base, extra = divmod(size, len(readers))
    keeps: dict[str, list[int]] = {name: sorted(p for p, who in held.items() if who == name) for name in readers}
    richest = sorted(readers, key=lambda name: (-len(keeps[name]), load[name], name))
    quota = {name: base + (rank < extra) for rank, name in enumerate(richest)}
    owners = {p: name for name in readers for p in keeps[name][: quota[name]]}
    left = {name: quota[name] - min(quota[name], len(keeps[name])) for name in readers}
    for partition in range(size):
        if partition not in owners:
            name = min((n for n in readers if left[n]), key=lambda n: (load[n] + quota[n] - left[n], n))
            left[name] -= 1
            owners[partition] = name
    for name in readers:
        load[name] += quota[name]
    return [owners[partition] for partition in range(size)]


class Copartitioned(AbstractPartitionAssignor):  # type: ignore[misc]  # aiokafka has no py.typed
    """`assign` in the words of Kafka's group protocol. One object per consumer: it remembers what it was given."""

    name = "throughline-copartitioned"
    version = 0

    def __init__(self) -> None:
        self.owned: dict[str, list[int]] = {}
        self.round = 0

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        said = json.dumps({"owned": self.owned, "round": self.round}).encode()
        return ConsumerProtocolMemberMetadata(self.version, sorted(topics), said)

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        self.owned = {topic: list(partitions) for topic, partitions in assignment.assignment}
        self.round = json.loads(assignment.user_data)["round"]

    def assign(self, cluster: Any, members: Mapping[str, Any]) -> dict[str, ConsumerProtocolMemberAssignment]:
        told = {name: _member(metadata) for name, metadata in members.items()}
        topics = {topic for member in told.values() for topic in member.topics}
        sizes = {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in topics}
        told_round = json.dumps({"round": 1 + max(member.round for member in told.values())}).encode()
        return {
            name: ConsumerProtocolMemberAssignment(self.version, sorted(topics.items()), told_round)
            for name, topics in assign(told, sizes).items()
        }


def _member(metadata: Any) -> Member:
    said = json.loads(metadata.user_data)
    owned = {topic: set(partitions) for topic, partitions in said["owned"].items()}
    return Member(frozenset(metadata.subscription), owned, said["round"])
