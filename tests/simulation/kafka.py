"""Kafka in memory: logs, the offsets committed by one consumer group, and the membership that decides whose commits count."""

from collections import defaultdict
from random import Random
from typing import NamedTuple

from streams.effects import Message

Topic = tuple[str, int]  # with its partition


class Record(NamedTuple):
    value: bytes | None
    key: bytes | None
    timestamp: int  # ms, LogAppendTime


MARKER = Record(None, b"marker", -1)  # takes an offset, and no consumer ever sees it


class Kafka:
    """`doubling`: how often a producer's retry appends a message a second time."""

    def __init__(self, random: Random, doubling: float, public: tuple[str, ...] = ()) -> None:
        self.random, self.doubling, self.public = random, doubling, public
        self.logs: defaultdict[Topic, list[Record]] = defaultdict(list)
        self.committed: dict[Topic, int] = {}
        self.generation = 0
        self.members: dict[int, object] = {}  # slot -> the process that joined last under this name

    def append(self, message: Message, now: int) -> int:
        """The offset of the first copy. Now and then a public log has a marker, as transactions leave them."""
        log = self.logs[message.topic, message.partition]
        if message.topic in self.public and self.random.random() < self.doubling:
            log.append(MARKER)
        log.append(Record(message.value, message.key, now))
        if self.random.random() < self.doubling:
            log.append(log[-1])
            return len(log) - 2
        return len(log) - 1

    def end(self, topic: Topic) -> int:
        return len(self.logs[topic]) if topic in self.logs else 0

    def position(self, topic: Topic) -> int:
        return self.committed.get(topic, 0)

    def recognises(self, slot: int, process: object, generation: int) -> bool:
        """Whether a commit of this member is accepted: a former process of the slot and a former generation are fenced."""
        return self.members.get(slot) is process and generation == self.generation

    def commit(self, topic: Topic, offset: int) -> None:
        assert offset >= self.position(topic), f"the committed offset of {topic} fell to {offset}"
        self.committed[topic] = offset
