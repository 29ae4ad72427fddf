"""The customers a worker holds in memory. A cache: every one of them may be dropped at any time and loaded again."""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.fact import Fact, Key, Row, Signal
from schemas.ids import NONE, Id
from schemas.messages import Change
from schemas.store import Checkpoint
from streams.fold.checkpoint import layout
from streams.fold.rules import JourneyRules
from streams.fold.timeline import Timeline
from streams.fold.window import WINDOW, Dropped, Window
from streams.steps.rows import Owner, friction_row, next_toggle, next_version, row_hash, stitched_row

if TYPE_CHECKING:
    from streams.steps.past import Past

MODULO = 1 << 64
Due = tuple[int, Key, int, Id]  # a stored row's deadline, its key, version and customer
NO_DUE: Due = 0, (NONE, 0, NONE), -1, NONE
BYTES_PER_ROW = 220  # key, version and hash of a stored row in CPython


class Folded:
    """What a fold wants written for one customer. It counts as stored only after `acknowledge`."""

    __slots__ = ("announced", "customer", "deadlines", "friction", "knowledge", "owner", "stitched", "stored")

    def __init__(self, customer: "Customer", knowledge: int, owner: Owner) -> None:
        self.customer, self.knowledge, self.owner = customer, knowledge, owner
        self.stitched: list[tuple[Any, ...]] = []
        self.friction: list[tuple[Any, ...]] = []
        self.deadlines: list[tuple[int, Key]] = []
        self.stored: dict[Key, tuple[int, int]] = {}
        self.announced: dict[Key, dict[str, tuple[int, int]]] = {}

    def acknowledge(self) -> None:
        self.customer.stored.update(self.stored)
        for key, signals in self.announced.items():
            self.customer.announced.setdefault(key, {}).update(signals)
        if self.deadlines:
            self.customer.armed = self.deadlines[-1]


class Customer:
    """`stored`: (version, hash) of each row known to be in the table; `announced`: (version, live) of each signal;
    `armed`: the deadline that is known to be in the table. Of a customer with a cut: `hashes`, the sum of the hashes of the
    rows before it that are final, and `checkpoint`, the last that was made; `limit`: facts above which a cut is tried."""

    __slots__ = (
        "announced",
        "armed",
        "checkpoint",
        "hashes",
        "id",
        "limit",
        "nodes",
        "partition",
        "seq",
        "stored",
        "timeline",
    )

    def __init__(self, change: Change, timeline: Timeline) -> None:
        self.id, self.seq, self.timeline = change.customer, change.seq, timeline
        self.nodes = frozenset(member.node for member in change.members)
        self.stored: dict[Key, tuple[int, int]] = {}
        self.announced: dict[Key, dict[str, tuple[int, int]]] = {}
        self.armed: tuple[int, Key] | None = None
        self.partition = -1
        self.checkpoint: Checkpoint | None = None
        self.hashes = self.limit = 0

    def widen(self, lack: "Lack") -> None:
        """Takes the members of a newer row; what was known of nodes that are read again is forgotten."""
        known = lack.nodes & self.nodes
        if known:
            self.stored = {key: stamp for key, stamp in self.stored.items() if key[0] not in known}
            self.announced = {key: signals for key, signals in self.announced.items() if key[0] not in known}
            self.timeline.touch(known)
        self.seq, self.nodes, self.armed = lack.owner.seq, self.nodes | lack.nodes, None

    @property
    def size(self) -> int:
        """Bytes, estimated."""
        state = self.checkpoint.state if self.checkpoint else b""
        return self.timeline.size + len(self.stored) * BYTES_PER_ROW + len(state) + 500

    def settle(self, window: Window) -> bool:
        """Once all its rows are stored: lets go what need not stay in memory. True if the cut has moved."""
        if self.timeline.has_cut:
            self._let_go(self.timeline.passed())
        if self.timeline.held <= max(window.most, self.limit):
            return False
        dropped = self.timeline.compact(window)
        if dropped is None:
            self.limit = self.timeline.held * 5 // 4
            return False
        self._let_go(dropped)
        return True

    def _let_go(self, dropped: Dropped) -> None:
        pop = self.stored.pop
        self.hashes = (self.hashes + sum([pop(key)[1] for key in dropped.counted])) % MODULO
        for key in dropped.late:
            pop(key)
        if self.announced:
            for key in dropped.counted:
                self.announced.pop(key, None)

    def fold(self, facts: Sequence[Fact], now: int, rules: int, owner: Owner) -> Folded:
        """What is to be written after these facts, as of `now`; `owner` goes into every row."""
        timeline, folded = self.timeline, Folded(self, rules << 96 | self.seq << 48, owner)
        if facts:
            timeline.add(facts)
        timeline.advance(now)
        folded.knowledge |= timeline.count << 16
        for fact, row in timeline.changed():
            self._compare(fact, row, folded)
        self._arm(now, folded)
        return folded

    def _compare(self, fact: Fact, row: Row, folded: Folded) -> None:
        key = fact[:3]
        hash, known = row_hash(self.id, fact, row), self.stored.get(key)
        if known is None or known[1] != hash or known[0] >> 96 != folded.knowledge >> 96:  # so that a sweep ends
            version = next_version(folded.knowledge, known[0]) if known else folded.knowledge
            stamp = folded.stored[key] = version, hash
            folded.stitched.append(stitched_row(self.id, fact, row, stamp, folded.owner))
        if row[-2] or key in self.announced:
            self._announce(fact, {signal.name: signal for signal in row.signals}, folded)

    def _announce(self, fact: Fact, live: dict[str, Signal], folded: Folded) -> None:
        key = fact.key
        announced = self.announced.get(key, {})
        for name in sorted({*live, *announced}):
            version, was_live = announced.get(name, (0, 0))
            if bool(was_live) != (name in live):
                signal = live.get(name) or Signal(name, fact.event_time, fact.location, "disproved by a later event")
                stamp = next_toggle(folded.knowledge, version), int(name in live)
                folded.announced.setdefault(key, {})[name] = stamp
                folded.friction.append(friction_row(self.id, fact, signal, stamp, folded.owner))

    def forget_hints(self, come: Collection[Key]) -> None:
        """These have come: under their keys there may be none ahead."""
        if self.armed and self.armed[1] in come:
            self.armed = None

    def believe(self, dues: Collection[Due], rules: int) -> None:
        """`dues`: of all its stored rows with a deadline. Whoever wrote the one with the earliest has written a hint for it
        before, in this partition if that was under the same seq. Two at the same time leave open which of them that was."""
        first, *others = sorted(set(dues))[:2] or [NO_DUE]
        named = first[2] >> 48 == rules << 48 | self.seq and first[3] == self.id
        if named and all(other[0] > first[0] for other in others):
            self.armed = first[:2]

    def _arm(self, now: int, folded: Folded) -> None:
        """A hint under the key of the earliest open deadline and not after it; a hint that comes early only causes a fold."""
        following = self.timeline.next_deadline()
        if following is None:
            self.armed = None  # its hint is passed over while no row has the deadline, so another will need its own
            return
        due, key = following
        armed = self.armed
        if armed is None or armed[1] != key or armed[0] > due or armed[0] <= now:
            folded.deadlines.append((due, key))


class Lack(NamedTuple):
    """Nodes of a customer to be read; `whole`: nothing that is cached of it may stay."""

    owner: Change
    nodes: frozenset[Id]
    whole: bool


class Cache:
    """Least recently folded customers go first when the estimate of all is above `capacity` bytes."""

    def __init__(self, capacity: int = 512 * 1024 * 1024, window: Window = WINDOW) -> None:
        self.capacity, self.bytes, self.window = capacity, 0, window
        self.newest = 0  # version of all rows that were read
        self._customers: OrderedDict[Id, Customer] = OrderedDict()
        self._sizes: dict[Id, int] = {}

    def __len__(self) -> int:
        return len(self._customers)

    def __getitem__(self, customer: Id) -> Customer:
        self._customers.move_to_end(customer)
        return self._customers[customer]

    def lacks(self, owner: Change, again: Collection[Id]) -> "Lack | None":
        """What must be read before this customer can be folded, None if nothing; `again`: nodes whose facts or rows may
        have been written by others. A customer that has lost a node is read as a whole."""
        cached = self._customers.get(owner.customer)
        if cached is not None and cached.seq == owner.seq and not again:
            return None
        members = frozenset([member.node for member in owner.members])
        if cached is None or cached.seq > owner.seq or not cached.nodes <= members or cached.timeline.has_cut:
            return Lack(owner, members, True)
        return Lack(owner, members - cached.nodes | members.intersection(again), False)

    def load(
        self, lacks: Sequence["Lack"], rules: JourneyRules, facts: Iterable[Fact], rows: Any, announced: Any
    ) -> None:
        """Puts in what was lacking, as the tables know it."""
        of_node: dict[Id, list[Customer]] = defaultdict(list)  # two, while the view is between two changes
        added: dict[Id, list[Fact]] = defaultdict(list)
        for lack in lacks:
            customer = self._opened(lack, rules)
            for node in lack.nodes:
                of_node[node].append(customer)
        for fact in facts:
            for customer in of_node[fact[0]]:
                added[customer.id].append(fact)
        dues: dict[Id, list[Due]] = defaultdict(list)
        for node, original, event_id, version, under, due, hash in rows:
            for customer in of_node[node]:  # under another customer a row is not right, whatever its hash says
                key = node, original, event_id
                customer.stored[key] = version, hash if under == customer.id else -1
                if due:
                    dues[customer.id].append((due, key, version, under))
        for node, original, event_id, name, version, live in announced:
            for customer in of_node[node]:
                customer.announced.setdefault((node, original, event_id), {})[name] = version, live
        for id, some in added.items():
            self._customers[id].timeline.add(some)
        for lack in lacks:
            if lack.whole:
                self._customers[lack.owner.customer].believe(dues[lack.owner.customer], rules.version)

    def note(self, rows: Iterable[Any]) -> None:
        """Rows that were read, their version in the fourth place."""
        self.newest = max(self.newest, max((row[3] for row in rows), default=0))

    def _opened(self, lack: "Lack", rules: JourneyRules) -> Customer:
        id = lack.owner.customer
        if lack.whole:
            customer = self._customers[id] = Customer(lack.owner, Timeline(rules, self.window.every))
        else:
            customer = self._customers[id]
            customer.widen(lack)
        return customer

    def put(self, customer: Customer) -> None:
        self._customers[customer.id] = customer

    def checkpoint_of(self, customer: Id) -> Checkpoint | None:
        """The last one that was made here, if this customer is cached and has a cut."""
        cached = self._customers.get(customer)
        return cached.checkpoint if cached else None

    def believes(self, past: "Past") -> bool:
        """Whether a customer may be restored from this checkpoint."""
        return past.agrees()

    def settle(self, folded: Folded, rules: JourneyRules) -> list[Checkpoint]:
        """After the acknowledgement: checkpoints to be stored, where the customer's cut has moved."""
        customer, made = folded.customer, []
        while customer.settle(self.window):
            timeline, last = customer.timeline, customer.checkpoint
            rung = self.window.rung(last.folded if last else 0, timeline.folded_before)
            about = folded.knowledge, rules.version, layout(rules), timeline.cut, timeline.folded_before
            members = tuple(sorted(customer.nodes))
            customer.checkpoint = Checkpoint(customer.id, rung, *about, customer.hashes, members, timeline.packed())
            made.append(customer.checkpoint)
        return made

    def measure(self, customer: Customer) -> None:
        self.bytes += customer.size - self._sizes.get(customer.id, 0)
        self._sizes[customer.id] = customer.size

    def trim(self) -> None:
        while self.bytes > self.capacity and len(self._customers) > 1:
            self.drop(next(iter(self._customers)))

    def drop(self, customer: Id) -> None:
        if self._customers.pop(customer, None) is not None:
            self.bytes -= self._sizes.pop(customer, 0)

    def drop_partition(self, partition: int) -> None:
        for id in [id for id, customer in self._customers.items() if customer.partition == partition]:
            self.drop(id)

    def clear(self) -> None:
        self._customers.clear()
        self._sizes.clear()
        self.bytes = self.newest = 0
