"""The outside world of a step, without time: the store in memory, and a list of what was sent."""

import json
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

from schemas.decode import Decoder, DecodeRules
from schemas.fact import Fact, version_of
from schemas.identifiers import home_of, key_of
from schemas.ids import event_id_of, node_of
from schemas.messages import Change, Inbox, Mark, Member, decode
from schemas.tables import CUSTOMERS, IDENTITY_MAP, Block, Table
from sinks.memory import MemoryStore
from sources.channels import discover
from streams.effects import END, Ask, Effect, Message, Reach, Send, Together, Write
from streams.fold.defaults import default_rules
from streams.steps.blocks import Records
from throughline.clock import iso

T = TypeVar("T")
KEY = b"tests"
AT = 1_767_225_600_000  # 2026-01-01
PARTITIONS = 4
CHANNELS = discover()
RULES = default_rules(CHANNELS)


class Outside:
    """`done` names every effect in its order. `interrupt(effect)` is called before each and may raise."""

    def __init__(self) -> None:
        self.store, self.sent, self.done = MemoryStore(), list[Message](), list[str]()
        self.interrupt: Callable[[Effect], None] = lambda effect: None

    def run(self, step: Generator[Effect, Any, T]) -> T:
        result: Any = None
        failure: Exception | None = None
        while True:
            try:
                effect = step.throw(failure) if failure else step.send(result)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]  # StopIteration.value has no type of its own
            result, failure = None, None
            try:
                result = self.perform(effect)
            except Exception as error:
                failure = error

    def perform(self, effect: Effect) -> Any:
        self.interrupt(effect)
        match effect:
            case Write(blocks):
                for block in blocks:
                    self._insert(block)
            case Ask(method, args):
                self.done.append(method)
                return getattr(self.store, method)(*args)
            case Send(messages):
                return [self._send(message) for message in messages]
            case Reach(position):
                self.done.append("reach end" if position == END else f"reach {position}")
            case Together(effects):
                return [self.perform(one) for one in effects]
        return None

    def _insert(self, block: Block) -> None:
        self.store.insert(block)
        self.done.append(block.table.name)

    def _send(self, message: Message) -> int:
        self.sent.append(message)
        self.done.append(message.topic)
        return len(self.sent) - 1

    def inbox(self) -> list[tuple[int, Inbox]]:
        """(partition, message) of all that went to the inbox."""
        return [(m.partition, decode(Inbox, m.value)) for m in self.sent if m.topic == "journeys.inbox"]

    def insert(self, table: Table, *rows: tuple[Any, ...]) -> None:
        self.store.insert(Block.of(table, rows))

    def become(self, change: Change) -> None:
        """The tables know this customer."""
        members = change.members
        columns = tuple(m.node for m in members), tuple(m.type for m in members), tuple(m.home for m in members)
        self.insert(
            CUSTOMERS, (change.customer, change.seq, change.home, *columns, change.flags, 0, bytes(16), bytes(16))
        )
        self.insert(
            IDENTITY_MAP, *((m.node, change.customer, change.seq) for m in members if m.node != change.customer)
        )


def refuse(error: Exception, table: str) -> Callable[[Effect], None]:
    """An interruption: the first write to this table fails."""
    left = [error]

    def interrupt(effect: Effect) -> None:
        if left and isinstance(effect, Write) and any(block.table.name == table for block in effect.blocks):
            raise left.pop()

    return interrupt


def member(type: str, value: str) -> Member:
    return Member(node_of(type, value, KEY), type, home_of(key_of(type, value)))


def change(seq: int, *members: Member) -> Change:
    """The first member gives its id."""
    return Change(members[0].node, members[0].home, seq, members)


def fact(who: Member, id: str, minutes: int = 0, channel: str = "email", event: str = "Support Email Received") -> Fact:
    at = AT + minutes * 60_000
    return Fact(who.node, at, event_id_of(id), at, at, version_of(at, 7), channel, event, "", 0, "", "", 0.0, "")


def mark(fact: Fact, seen: int = 0, seq: int = 0) -> Mark:
    return Mark(fact.node, fact, seen, seq, RULES.version)


def decoder() -> Decoder:
    rules = DecodeRules(
        node_key=KEY, partitions=PARTITIONS, earliest_event=0, max_record_bytes=10_000, caps={}, trusted=frozenset(), region="DE"
    )  # fmt: skip
    return Decoder(CHANNELS, rules, RULES.looks)


def event(id: str, minutes: int = 0, **identifiers: str) -> bytes:
    said = {"event_id": id, "event": "Page Viewed", "channel": "website", "source": "site", "identifiers": identifiers}
    return json.dumps({**said, "original_timestamp": iso(AT + minutes * 60_000)}).encode()


def records(values: Iterable[bytes | None], first: int = 0, missing: Iterable[int] = ()) -> Records:
    """Of partition 0; the offsets in `missing` are not in the log."""
    values = list(values)
    end = first + len(values) + len(list(missing))
    offsets = [offset for offset in range(first, end) if offset not in set(missing)]
    return Records("touchpoints.website", 0, values, offsets, [AT] * len(values), [None] * len(values), first, end)
