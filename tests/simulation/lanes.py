"""What a process has fetched of its partitions and not yet finished, as the chunk transport keeps it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.messages import Inbox, decode
from streams.steps.blocks import Records
from streams.steps.journeys import Item
from tests.simulation.kafka import MARKER, Kafka, Record, Topic


@dataclass(eq=False)
class Ticket:
    """One chunk in hand; `done` when all that follows from it is durable."""

    end: int
    done: bool = False


@dataclass
class Lane:
    topic: Topic
    fetched: int
    tickets: deque[Ticket] = field(default_factory=deque)

    def fetch(self, kafka: Kafka, most: int) -> tuple[Sequence[Record], Ticket]:
        """The next records, at least one, and the markers among them and behind them."""
        log = kafka.logs[self.topic]
        most += log[self.fetched] is MARKER
        records = log[self.fetched : self.fetched + most]
        self.fetched += len(records)
        ticket = Ticket(self.fetched)
        self.tickets.append(ticket)
        return records, ticket

    def committable(self) -> int | None:
        """The end of the longest prefix that is done, if it is new."""
        end = None
        while self.tickets and self.tickets[0].done:
            end = self.tickets.popleft().end
        return end


@dataclass
class Entry:
    """Marks and barriers that wait to be folded, and what is done when they are."""

    items: list[Item]
    tickets: list[Ticket]

    def finish(self) -> None:
        for ticket in self.tickets:
            ticket.done = True


def records_of(topic: Topic, records: Sequence[Record], end: int) -> Records:
    first = end - len(records)
    seen = [(offset, record) for offset, record in enumerate(records, first) if record is not MARKER]
    values, keys, times = zip(*((r.value, r.key, r.timestamp) for _, r in seen), strict=True)
    return Records(*topic, values, [offset for offset, _ in seen], times, keys, first, end)


def items_of(partition: int, records: Sequence[Record]) -> list[Item]:
    items = []
    for record in records:
        message = decode(Inbox, record.value or b"")
        items += [Item(partition, mark) for mark in message.marks]
        items += [Item(partition, message.barrier)] if message.barrier else []
    return items
