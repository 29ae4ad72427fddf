"""Journeys: marks become folded customers and stitched rows (protocol.md, Journeys agent).

Delivery: at least once and idempotent. Rows are keyed like the facts and versioned by knowledge, so a repeated batch writes
nothing new. The caller commits only after the step has returned. On any exception every cache is dropped.
"""

from collections import defaultdict
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.fact import Fact, Key
from schemas.ids import Id
from schemas.messages import Barrier, Change, Mark
from schemas.store import Checkpoint
from schemas.tables import CHECKPOINTS, DEADLINES, FRICTION, STITCHED, Block
from streams.effects import END, Ask, Effect, Reach, Send, Write
from streams.fold.rules import JourneyRules
from streams.steps.customers import Cache, Customer, Folded
from streams.steps.deadlines import ALONE, AMID, Deadlines
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
    come: dict[Id, set[Key]] = field(default_factory=lambda: defaultdict(set))  # of which a hint has come
    forward: dict[int, list[Mark]] = field(default_factory=lambda: defaultdict(list))
    passing: set[Id] = field(default_factory=set)  # read for a deadline alone: they are not kept in memory

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
    serial: int = 0
    message_bytes: int = MESSAGE_BYTES
    unsaved: dict[tuple[Id, int], Checkpoint] = field(default_factory=dict)
    saved: int = 0  # when checkpoints were last written, ms

    def assign(self, partition: int, now: int) -> Generator[Effect, Any, int]:
        """Becomes the owner: fence, wait for what the former owner has under way, view, deadlines. Returns the epoch."""
        epoch = yield Ask("register_epoch", (partition,))
        while (yield Ask("inserts_of_older_epochs", (partition, epoch))):
            yield Ask("kill_inserts_of_older_epochs", (partition, epoch))
        yield Reach(END)
        yield from self.view.learn_rules(again=True)
        yield from self._read_deadlines(partition, now)
        self.epochs[partition] = int(epoch)
        return int(epoch)

    def revoke(self, partition: int) -> None:
        """The partition has gone: nothing of it may be believed any more."""
        self.epochs.pop(partition, None)
        self.deadlines.drop(partition)
        self.cache.drop_partition(partition)

    def look_ahead(self, now: int) -> Generator[Effect, Any, None]:
        """Reads the next portion of deadlines where it is time to; does nothing elsewhere, so it may be called often. Not for
        two at once. Live batches may be folded meanwhile."""
        for partition in self.deadlines.behind(now):
            if partition in self.epochs:
                yield from self._read_deadlines(partition, now)

    def _read_deadlines(self, partition: int, now: int) -> Generator[Effect, Any, None]:
        reading = self.deadlines.begin(partition, now)
        self.deadlines.load(reading, (yield Ask("deadlines", reading)))

    def take(self, batch: Sequence[Item], now: int) -> Generator[Effect, Any, Done]:
        """Folds one batch, and every customer whose deadline has come. Raises what the effects raise."""
        try:
            return (yield from self._take(batch, now))
        except BaseException:  # also of a step that is closed midway: what it did not write must not be believed
            self.cache.clear()
            raise

    def _take(self, batch: Sequence[Item], now: int) -> Generator[Effect, Any, Done]:
        yield Reach(max((item.what.seen for item in batch), default=0))
        plan, expired = Plan(dict(self.epochs)), self.deadlines.expired(now, AMID if batch else ALONE)
        self._still_own(plan, {item.partition for item in batch})
        nodes = [*_nodes_of(batch), *(node for _, (node, _, _) in expired)]
        for item in batch:
            if isinstance(item.what, Mark):
                self.view.distrust(item.what.node, item.what.seq)
        frozen, seen = yield from self.view.freeze(nodes)
        self._follow_rules()
        self._plan(plan, batch, expired, frozen, seen)
        loaded = yield from self._load(plan)
        if self.cache.newest >> 96 > self.rules.version:
            loaded += yield from self._catch_up(plan)
        self._still_own(plan, plan.partitions.values())
        folded = [self._fold(plan, customer, now) for customer in plan.owners]
        done = yield from self._write(plan, folded, seen)
        self._still_own(plan, plan.partitions.values())
        for customer in folded:
            customer.acknowledge()
            self.deadlines.arm(plan.partitions[customer.customer.id], customer.deadlines)
            self.unsaved |= {checkpoint[:2]: checkpoint for checkpoint in self.cache.settle(customer, self.rules)}
            self.cache.measure(customer.customer)
        for id in plan.passing:
            self.cache.drop(id)
        self.cache.trim()
        yield from self._save(now)
        done.marks, done.loaded = len(batch), loaded
        return done

    def _follow_rules(self) -> None:
        """A batch is folded by the rules of its frozen view; what other rules have made of a customer is worth nothing."""
        ruled = self.view.rules
        if ruled is not None and ruled.version > self.rules.version:
            self.rules = ruled.journeys
            self.cache.clear()

    def _catch_up(self, plan: Plan) -> Generator[Effect, Any, int]:
        """A row was written by newer rules, which another worker has found in the tables before they were announced: by
        older ones its version would be too low to replace it."""
        yield from self.view.learn_rules(again=True)
        self._follow_rules()
        return (yield from self._load(plan))

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
        for partition, key in expired:
            owner = frozen[key[0]]
            if self._partition_of(owner, partition) == partition:
                plan.dirty(partition, owner)
                plan.come[owner.customer].add(key)

    def _plan_mark(self, plan: Plan, partition: int, mark: Mark, owner: Change, seen: int) -> None:
        home = self._partition_of(owner, partition)
        if home != partition:
            plan.forward[home].append(Mark(mark.node, mark.fact, seen, owner.seq, mark.rules))
            return
        plan.dirty(partition, owner)
        if mark.fact is None or mark.rules != self.rules.version:
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
        lacking = {lack.owner.customer for lack in lacks if lack.whole}
        plan.passing = lacking & plan.come.keys() - plan.facts.keys() - plan.again.keys()
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
        cached.forget_hints(plan.come.get(customer, ()))
        facts = plan.facts.get(customer, ())
        partition = plan.partitions[customer]
        owner = partition, plan.epochs[partition]
        folded = cached.fold([fact for fact in facts if fact[0] in members], now, self.rules.version, owner)
        cached.partition = partition
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
