"""One worker process: the real Intake, Journeys, Resolver and View, with the loops of `streams.worker` around them in turns."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from schemas.messages import Claim, decode
from streams.steps.blocks import Records
from streams.steps.deadlines import Deadlines
from streams.steps.intake import Intake, KnownPairs, Topics
from streams.steps.journeys import Item, Journeys
from streams.steps.resolver import Resolver
from streams.steps.sweep import Sweep
from streams.worker.reading import announced
from tests.simulation.assertions import check_commit
from tests.simulation.driver import Driver, Turns
from tests.simulation.kafka import Topic
from tests.simulation.lanes import Entry, Lane, Ticket, items_of, records_of
from tests.simulation.sight import Sight

if TYPE_CHECKING:
    from tests.simulation.world import World

TASKS = ("follow", "intake 1", "intake 2", "journeys", "resolver", "look ahead", "commit")


class Process:
    """Dies of every exception. `closed`: partitions that are being gained; nothing of them is fetched yet."""

    def __init__(self, world: "World", slot: int) -> None:
        self.world, self.slot, self.random, self.topics = world, slot, world.random, Topics()
        self.changes: Topic = (self.topics.changes, 0)
        setup = world.setup
        capacity = self.random.choice(setup.view_capacities)
        self.view = world.removed.view(capacity, world.kafka.end(self.changes), setup.read)
        cache = world.removed.cache(self.random.choice(setup.cache_sizes), self.random.choice(setup.windows))
        self.journeys = Journeys(setup.journey_rules, self.view, setup.partitions, cache)
        pairs = KnownPairs(self.random.choice((1, 1000)))
        decoder: Any = Sight(setup.decoder, setup.journey_rules.looks)
        self.intake = Intake(decoder, self.view, setup.partitions, self._may_fold, pairs=pairs)
        self.intake.message_bytes = self.journeys.message_bytes = self.random.choice((300, 512 * 1024))
        self.sweep = Sweep(self.journeys, rest=0)
        self.resolver = Resolver(setup.identity_rules, setup.partitions, read=lambda text: setup.read(text).identity)
        self.skew = 0 if world.calm else self.random.choice(setup.skews)
        self.journeys.deadlines = Deadlines(*self.random.choice(setup.held))
        self.generation, self.sleeps = -1, False
        self.held: frozenset[int] = frozenset()
        self.closed: frozenset[int] = frozenset()
        self.lanes: dict[Topic, Lane] = {}
        self.gate: list[Entry] = []
        self.busy: set[str] = set()
        self.armed: set[tuple[object, ...]] = set()  # deadlines that this process has written
        self.folding: list[Item] = []  # the batch that the journeys step has in hand
        self.driver = Driver(self)
        loops = (
            self._follow,
            self._intake,
            self._intake,
            self._journeys,
            self._resolver,
            self._look_ahead,
            self._commit,
        )
        self.tasks: dict[str, Turns[None]] = {name: loop(name) for name, loop in zip(TASKS, loops, strict=True)}

    def turn(self, task: str) -> None:
        """Raises whatever the task dies of."""
        running = self.tasks.get(task)
        if running is not None:
            next(running, None)

    def now(self) -> int:
        """By the clock of its machine."""
        return self.world.now + self.skew

    def _may_fold(self, partition: int) -> bool:
        return partition in self.journeys.epochs

    def _drive(self, name: str, role: str, step: Generator[Any, Any, Any]) -> Turns[Any]:
        self.busy.add(name)
        result = yield from self.driver.drive(role, step)
        self.busy.discard(name)
        return result

    # group membership

    def joined(self, generation: int, partitions: frozenset[int], resolves: bool) -> None:
        """A rebalance: every lane starts anew from the committed offset, also of what we keep."""
        kept = (self.held - self.closed) & partitions
        for partition in self.held - kept:
            self.journeys.revoke(partition)
        gained = partitions - kept
        for topic in self.world.setup.public:
            for partition in gained:
                self.intake.assigned(topic, partition)
        self.held, self.closed, self.generation = partitions, gained, generation
        if resolves:
            self.resolver.forget()
        names = [(topic, p) for topic in (*self.world.setup.public, self.topics.inbox) for p in sorted(partitions)]
        names += [(self.topics.claims, 0)] if resolves else []
        self.lanes = {name: Lane(name, self.world.kafka.position(name)) for name in names}
        self.tasks["gain"] = self._gain(sorted(gained))

    def _gain(self, partitions: list[int]) -> Turns[None]:
        self.busy.add("gain")
        assigns = [self.driver.drive("assign", self.journeys.assign(p, self.now())) for p in partitions]
        yield from self.driver.together(assigns)
        self.closed = frozenset()
        self.busy.discard("gain")

    def is_settled(self) -> bool:
        return not (self.gate or self.busy)

    def is_idle(self) -> bool:
        deadlines = self.journeys.deadlines
        due = deadlines.next_due()
        waits = due is not None and due <= self.now()
        behind = waits or deadlines.behind(self.now()) or self._has_to_sweep()
        return not (self.gate or self.busy or self.closed or behind)

    def _has_to_sweep(self) -> bool:
        return self.world.removed.sweeps and not self.sweep.is_over

    # the loops

    def _follow(self, _: str) -> Turns[None]:
        log = self.world.kafka.logs[self.changes]
        while True:
            position = self.view.position
            if behind := len(log) - position:
                end = position + (behind if self.world.calm else self.random.randint(0, behind))
                self.view.apply(end, [announced(record.key, record.value or b"") for record in log[position:end]])
            yield

    def _intake(self, name: str) -> Turns[None]:
        while True:
            batch, tickets = self._fetch_public()
            if batch:
                taken = yield from self._drive(name, "intake", self.intake.take(batch))
                entry = Entry([Item(p, mark) for p, marks in taken.local.items() for mark in marks], tickets)
                if entry.items:
                    self.gate.append(entry)
                    self.world.removed.handed_over(entry)
                else:
                    entry.finish()
            yield

    def _fetch_public(self) -> tuple[list[Records], list[Ticket]]:
        batch, tickets = [], []
        for topic, lane in self.lanes.items():
            while topic[0] in self.world.setup.public and (fetched := self._fetch(lane)):
                batch.append(records_of(topic, fetched[0], fetched[1].end))
                tickets.append(fetched[1])
        return batch, tickets

    def _fetch(self, lane: Lane) -> Any:
        kafka = self.world.kafka
        if self.world.draining or lane.topic[1] in self.closed or lane.fetched >= kafka.end(lane.topic):
            return None
        return None if self.random.random() < 0.3 else lane.fetch(kafka, self.random.randint(1, 5))

    def _journeys(self, name: str) -> Turns[None]:
        journeys = self.journeys
        while True:
            self._fetch_inbox()
            due = journeys.deadlines.next_due()
            if self.sweep.is_due and (not self.gate or self.random.random() < 0.3):
                self.folding = []
                yield from self._drive(name, "journeys", self.sweep.portion(self.random.randint(1, 3), self.now()))
            elif self.gate or (due is not None and due <= self.now()):
                entries = self._batch()
                items = [item for entry in entries for item in entry.items]
                self.folding = items
                yield from self._drive(name, "journeys", journeys.take(items, self.now()))
                for entry in entries:
                    entry.finish()
            yield

    def _batch(self) -> list[Entry]:
        """Entries of a partition that has gone are dropped unfinished: their lanes are gone as well."""
        most = self.random.randint(1, 4)
        entries, self.gate = self.gate[:most], self.gate[most:]
        return [entry for entry in entries if all(self._may_fold(item.partition) for item in entry.items)]

    def _fetch_inbox(self) -> None:
        for partition in self.held - self.closed:
            if fetched := self._fetch(self.lanes[self.topics.inbox, partition]):
                self.gate.append(Entry(items_of(partition, fetched[0]), [fetched[1]]))

    def _resolver(self, name: str) -> Turns[None]:
        while True:
            lane = self.lanes.get((self.topics.claims, 0))
            if lane is not None and (fetched := self._fetch(lane)):
                records, ticket = fetched
                claims = [decode(Claim, record.value or b"") for record in records]
                offsets = range(ticket.end - len(records), ticket.end)
                yield from self._drive(name, "resolver", self.resolver.take(offsets, claims, self.now()))
                ticket.done = True
            yield

    def _look_ahead(self, name: str) -> Turns[None]:
        while True:
            if self.world.removed.sweeps and self.sweep.looks(self.now()):
                yield from self._drive(name, "look ahead", self.sweep.look(self.random.randint(1, 5), self.now()))
            if self.journeys.deadlines.behind(self.now()):
                yield from self._drive(name, "look ahead", self.journeys.look_ahead(self.now()))
            yield

    def _commit(self, _: str) -> Turns[None]:
        while True:
            self.commit()
            yield

    def commit(self) -> None:
        kafka = self.world.kafka
        for topic, lane in self.lanes.items():
            if (end := lane.committable()) is not None and kafka.recognises(self.slot, self, self.generation):
                check_commit(self.world, topic, end)
                kafka.commit(topic, end)
