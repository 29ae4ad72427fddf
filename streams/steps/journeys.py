"""Journeys: marks become folded customers and stitched rows (protocol.md, Journeys agent).

Delivery: at least once and idempotent. Rows are keyed like the facts and versioned by knowledge, so a repeated batch writes
nothing new. The caller commits only after the step has returned. On any exception every cache is dropped.
"""

from collections import defaultdict
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.fact import Fact
from schemas.ids import Id
from schemas.messages import Barrier, Change, Mark
from schemas.store import Checkpoint
from schemas.tables import CHECKPOINTS, DEADLINES, FRICTION, STITCHED, Block
from streams.effects import END, Ask, Effect, Reach, Send, Write
from streams.fold.rules import JourneyRules
from streams.steps.customers import Cache, Customer, Folded
from streams.steps.deadlines import Deadlines
from streams.steps.intake import MESSAGE_BYTES, PLAIN, Topics, inbox_messages
from streams.steps.loading import load
from streams.steps.rows import signal_message
from streams.view import UNKNOWN_HOME, View
from throughline.errors import Fenced

CHECKPOINTS_EVERY = 5_000  # ms
CHECKPOINTS_AT_MOST = 100  # that wait; each is a few KB


class Item(NamedTuple):
    """A mark or barrier and the inbox partition it came to."""

    partition: int
    what: Mark | Barrier


@dataclass
class Done:
    """What one batch did."""

    marks: int = 0
    loaded: int = 0
    rows: int = 0
    signals: tuple[Any, ...] = ()
    forwarded: int = 0


@dataclass
class Plan:
    """What a batch means on the frozen view: whom to fold with which new facts, whom to load again, what to forward."""

    epochs: dict[int, int]  # as of the beginning of the step
    owners: dict[Id, Change] = field(default_factory=dict)
    partitions: dict[Id, int] = field(default_factory=dict)
    facts: dict[Id, list[Fact]] = field(default_factory=lambda: defaultdict(list))
    again: dict[Id, set[Id]] = field(default_factory=lambda: defaultdict(set))
    forward: dict[int, list[Mark]] = field(default_factory=lambda: defaultdict(list))

    def dirty(self, partition: int, owner: Change) -> None:
        known = self.owners.get(owner.customer)
        if known is None or known.seq < owner.seq:
            self.owners[owner.customer] = owner
            self.partitions[owner.customer] = partition


@dataclass
class Journeys:
    """The single writer of its partitions. `epochs`: registered epoch of each partition that may be folded here."""

    rules: JourneyRules
    view: View
    partitions: int
    cache: Cache
    topics: Topics = PLAIN
    epochs: dict[int, int] = field(default_factory=dict)
    deadlines: Deadlines = field(default_factory=Deadlines)
    looked: int = 0  # when deadlines were last loaded, ms
    serial: int = 0
    message_bytes: int = MESSAGE_BYTES
    unsaved: dict[Id, Checkpoint] = field(default_factory=dict)
    saved: int = 0  # when checkpoints were last written, ms

    def assign(self, partition: int, now: int) -> Generator[Effect, Any, int]:
        """Becomes the owner: fence, wait for what the former owner has under way, view, deadlines. Returns the epoch."""
        epoch = yield Ask("register_epoch", (partition,))
        while (yield Ask("inserts_of_older_epochs", (partition, epoch))):
            yield Ask("kill_inserts_of_older_epochs", (partition, epoch))
        yield Reach(END)
        due = yield Ask("deadlines", ((partition,), self.deadlines.horizon(now)))
        self.deadlines.load(partition, due, now)
        self.looked = self.looked or now
        self.epochs[partition] = int(epoch)
        return int(epoch)

    def revoke(self, partition: int) -> None:
        """The partition has gone: nothing of it may be believed any more."""
        self.epochs.pop(partition, None)
        self.deadlines.drop(partition)
        self.cache.drop_partition(partition)

    def look_ahead(self, now: int) -> Generator[Effect, Any, None]:
        """Loads the next slice of deadlines; called every minute. What was due at the last call is not loaded a second
        time: it has been folded, and a hint that came early would cause the same fold each minute."""
        owned = tuple(sorted(self.epochs))
        if owned:
            rows = yield Ask("deadlines", (owned, self.deadlines.horizon(now), self.looked))
            self.looked = now
            for partition in self.epochs.keys() & owned:  # those that went meanwhile have nothing to wait for
                self.deadlines.load(partition, [row for row in rows if row[0] == partition], now)

    def take(self, batch: Sequence[Item], now: int) -> Generator[Effect, Any, Done]:
        """Folds one batch, and every customer whose deadline has come. Raises what the effects raise."""
        try:
            return (yield from self._take(batch, now))
        except BaseException:  # also of a step that is closed midway: what it did not write must not be believed
            self.cache.clear()
            raise

    def _take(self, batch: Sequence[Item], now: int) -> Generator[Effect, Any, Done]:
        yield Reach(max((item.what.seen for item in batch), default=0))
        plan, expired = Plan(dict(self.epochs)), self.deadlines.expired(now)
        self._still_own(plan, {item.partition for item in batch})
        nodes = [*_nodes_of(batch), *(node for _, (node, _, _) in expired)]
        for item in batch:
            if isinstance(item.what, Mark):
                self.view.distrust(item.what.node, item.what.seq)
        frozen, seen = yield from self.view.freeze(nodes)
        self._plan(plan, batch, expired, frozen, seen)
        loaded = yield from self._load(plan)
        self._still_own(plan, plan.partitions.values())
        folded = [self._fold(plan, customer, now) for customer in plan.owners]
        done = yield from self._write(plan, folded, seen)
        self._still_own(plan, plan.partitions.values())
        for customer in folded:
            customer.acknowledge()
            if checkpoint := self.cache.settle(customer, self.rules):
                self.unsaved[checkpoint.customer] = checkpoint
            self.cache.measure(customer.customer)
        self.cache.trim()
        yield from self._save(now)
        done.marks, done.loaded = len(batch), loaded
        return done

    def _still_own(self, plan: Plan, partitions: Iterable[int]) -> None:
        """What was read before a partition went and came back may be old: nothing of it may be kept."""
        lost = {p for p in partitions if p not in plan.epochs or self.epochs.get(p) != plan.epochs[p]}
        if lost:
            raise Fenced(sorted(lost))

    def _plan(
        self, plan: Plan, batch: Sequence[Item], expired: Iterable[Any], frozen: dict[Id, Change], seen: int
    ) -> None:
        for partition, what in batch:
            if isinstance(what, Barrier):
                self._plan_barrier(plan, partition, what, frozen, seen)
            else:
                self._plan_mark(plan, partition, what, frozen[what.node], seen)
        for partition, (node, _, _) in expired:
            if self._partition_of(frozen[node], partition) == partition:
                plan.dirty(partition, frozen[node])

    def _plan_mark(self, plan: Plan, partition: int, mark: Mark, owner: Change, seen: int) -> None:
        home = self._partition_of(owner, partition)
        if home != partition:
            plan.forward[home].append(Mark(mark.node, mark.fact, seen, owner.seq))
            return
        plan.dirty(partition, owner)
        if mark.fact is None:
            plan.again[owner.customer].add(mark.node)
        else:
            plan.facts[owner.customer].append(mark.fact)

    def _plan_barrier(self, plan: Plan, partition: int, barrier: Barrier, frozen: dict[Id, Change], seen: int) -> None:
        for node in barrier.nodes:
            self._plan_mark(plan, partition, Mark(node, None, seen, 0), frozen[node], seen)
        for customer in barrier.customers:
            if frozen[customer].customer == customer:
                self._plan_mark(plan, partition, Mark(customer, None, seen, 0), frozen[customer], seen)
            self.cache.drop(customer)

    def _partition_of(self, owner: Change, arrived: int) -> int:
        return arrived if owner.home == UNKNOWN_HOME else owner.home % self.partitions

    def _load(self, plan: Plan) -> Generator[Effect, Any, int]:
        """All that is not cached: whole customers, nodes that came, nodes to be read again."""
        lacks = [
            lack
            for owner in plan.owners.values()
            if (lack := self.cache.lacks(owner, plan.again.get(owner.customer, ())))
        ]
        yield from load(self.cache, self.rules, lacks, plan.owners, plan.facts)
        return len(lacks)

    def _save(self, now: int) -> Generator[Effect, Any, None]:
        """Checkpoints are for whoever comes later: they are written now and then. Their rows are durable by now."""
        if self.unsaved and (now - self.saved >= CHECKPOINTS_EVERY or len(self.unsaved) >= CHECKPOINTS_AT_MOST):
            rows, self.unsaved, self.saved = list(self.unsaved.values()), {}, now
            yield Write((Block.of(CHECKPOINTS, rows),))

    def _fold(self, plan: Plan, customer: Id, now: int) -> Folded:
        cached: Customer = self.cache[customer]
        members = cached.nodes
        facts = plan.facts.get(customer, ())
        partition = plan.partitions[customer]
        owner = partition, plan.epochs[partition]
        folded = cached.fold([fact for fact in facts if fact[0] in members], now, self.rules.version, owner)
        cached.partition = partition
        self.deadlines.arm(partition, folded)
        return folded

    def _write(self, plan: Plan, folded: Sequence[Folded], seen: int) -> Generator[Effect, Any, Done]:
        """What follows from a row is durable before the row: deadlines, then friction, then stitched."""
        stitched, friction, deadlines = [], [], []
        for customer in folded:
            partition = plan.partitions[customer.customer.id]
            stitched += customer.stitched
            friction += customer.friction
            deadlines += [(partition, due, *key) for due, key in customer.deadlines]
        if deadlines:
            yield Write((Block.of(DEADLINES, deadlines),))
        if friction:
            yield Write((self._fenced(FRICTION, friction),))
        if stitched:
            yield Write((self._fenced(STITCHED, stitched),))
        messages = [signal_message(self.topics.friction, row, self.partitions) for row in friction]
        messages += [
            m
            for p, marks in plan.forward.items()
            for m in inbox_messages(self.topics.inbox, p, marks, self.message_bytes)
        ]
        if messages:
            yield Send(tuple(messages))
        forwarded = sum(len(marks) for marks in plan.forward.values())
        return Done(rows=len(stitched), signals=tuple(friction), forwarded=forwarded)

    def _fenced(self, table: Any, rows: list[tuple[Any, ...]]) -> Block:
        self.serial += 1
        fence = tuple(sorted({(row[-2], row[-1]) for row in rows}))
        names = ",".join(f"{partition}:{epoch}" for partition, epoch in fence)
        return Block.of(table, rows, fence, f"journeys:{names}:{table.name}:{self.serial}")


def _nodes_of(batch: Sequence[Item]) -> list[Id]:
    nodes: list[Id] = []
    for _, what in batch:
        nodes += (*what.nodes, *what.customers) if isinstance(what, Barrier) else (what.node,)
    return nodes
