"""The commit account of one partition: pure, no clock, no I/O."""

from collections import deque
from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class Ticket:
    """One delivered chunk: the offset to commit once it is acked, its weight, the monotonic second of delivery."""

    lane: "Lane"
    end: int
    records: int
    bytes: int
    since: float
    done: bool = False


class Lane:
    """Chunks of one partition since its position was last moved, oldest first.

    What may be committed is the end of the longest acked prefix in order of arrival. Offsets are only stored and
    compared for equality: holes (compaction, transactions) and positions that jump back need no special case.
    """

    __slots__ = ("acked", "bytes", "chunks", "committed", "expected", "records", "renewals", "tickets")

    def __init__(self, expected: int | None = None) -> None:
        self.expected = expected  # the offset at which the next chunk should begin; None: not known
        self.acked: int | None = None  # end of the longest acked prefix
        self.committed: int | None = None
        self.tickets: deque[Ticket] = deque()
        self.chunks = self.records = self.bytes = 0  # delivered and not acked
        self.renewals = 0

    def add(self, end: int, records: int, size: int, since: float) -> Ticket:
        """A chunk was delivered that ends before offset `end`."""
        ticket = Ticket(self, end, records, size, since)
        self.tickets.append(ticket)
        self._weigh(ticket, +1)
        self.expected = end
        return ticket

    def ack(self, ticket: Ticket) -> None:
        """The chunk's work is durable. A second ack of one chunk changes nothing."""
        if ticket.done:
            return
        ticket.done = True
        self._weigh(ticket, -1)
        while self.tickets and self.tickets[0].done:
            self.acked = self.tickets.popleft().end

    def renew(self, ticket: Ticket, now: float) -> None:
        """The chunk's work goes on at this second: it is not held up."""
        ticket.since = now
        self.renewals += 1

    def committable(self) -> int | None:
        """The offset to commit, None if that is committed already or nothing is acked."""
        return None if self.acked == self.committed else self.acked

    def commit(self, end: int) -> None:
        """The broker has stored `end`."""
        self.committed = end

    def oldest(self) -> float | None:
        """When the chunk that holds up commits was delivered."""
        return self.tickets[0].since if self.tickets else None

    def _weigh(self, ticket: Ticket, sign: int) -> None:
        self.chunks += sign
        self.records += sign * ticket.records
        self.bytes += sign * ticket.bytes
