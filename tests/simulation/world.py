"""The world as a deterministic simulation: one seed is one schedule of deliveries, turns, crashes, rebalances and the clock."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from schemas.decode import Decoder
from streams.effects import Message
from streams.fold.rules import JourneyRules
from streams.fold.window import WINDOW, Window
from streams.identity.rules import IdentityRules
from streams.rules import RuleSet
from streams.steps.intake import Topics
from tests.simulation.kafka import Kafka
from tests.simulation.process import TASKS, Process
from tests.simulation.removals import Removals
from tests.simulation.server import Server
from throughline.errors import Fenced, Unavailable

PACES = (0.02, 0.3, 1, 4)  # long stalls find more than fair turns
SLOWER = (0.005, 0.05, 1)  # for the view
ZOMBIES_DO = [*TASKS, "journeys"]
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True)
class Weather:
    """How often, per turn, something befalls a process."""

    crash: float = 0.012
    replace: float = 0.015  # a new process in the slot of one that still believes to be it
    rebalance: float = 0.006
    clock: float = 0.03
    unavailable: float = 0.003
    doubling: float = 0.03


@dataclass(frozen=True)
class Setup:
    """What does not change within a schedule."""

    decoder: Decoder
    identity_rules: IdentityRules
    journey_rules: JourneyRules
    read: Callable[[str], RuleSet]
    public: tuple[str, ...]
    partitions: int = 2
    slots: int = 2
    view_capacities: tuple[int, ...] = (3, 8, 1000)  # nodes
    skews: tuple[int, ...] = (0, 0, -20 * MINUTE, 20 * MINUTE)  # ms, of the clocks of processes
    cache_sizes: tuple[int, ...] = (1, 20_000, 10_000_000)  # bytes
    held: tuple[tuple[int, int], ...] = ((1, 1), (2, 1), (3, 4), (20_000, 2_000))  # hints in memory, and in one query
    windows: tuple[Window, ...] = (Window(1, 1, 1), Window(2, 1, 1), Window(4, 2, 1), WINDOW)


@dataclass
class World:
    seed: int
    setup: Setup
    start: int  # ms
    horizon: int  # ms, when the last deadline has come
    removed: Removals = field(default_factory=Removals)
    weather: Weather = field(default_factory=Weather)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.kafka = Kafka(self.random, self.weather.doubling, self.setup.public)
        self.server = Server(self.random, "fence" not in self.removed.names)
        self.now, self.calm, self.draining = self.start, False, 0
        self.counts: Counter[str] = Counter()
        self.topics = Topics()
        self.zombies: list[Process] = []
        self.processes = [Process(self, slot) for slot in range(self.setup.slots)]
        self.assigned: dict[int, frozenset[int]] = {}
        self.resolving = 0
        self.rebalance()

    # membership

    def rebalance(self) -> None:
        """A new generation: partitions are given out anew, mostly where they were."""
        owners = {p: slot for slot, held in self.assigned.items() for p in held}
        for partition in range(self.setup.partitions):
            if partition not in owners or self.random.random() < 0.5:
                owners[partition] = self.random.randrange(self.setup.slots)
        self.assigned = {slot: frozenset(p for p, s in owners.items() if s == slot) for slot in range(self.setup.slots)}
        self.resolving = self.random.randrange(self.setup.slots)
        self.kafka.generation += 1
        self.draining = 0
        for process in self.processes:
            process.commit()
            self._join(process)

    def _join(self, process: Process) -> None:
        slot = process.slot
        self.kafka.members[slot] = process
        process.joined(self.kafka.generation, self.assigned[slot], slot == self.resolving)

    def restart(self, process: Process) -> None:
        """It is dead; a new one takes its name and its partitions."""
        self.server.forget(process)
        if process in self.zombies:
            self.zombies.remove(process)
        else:
            self._renew(process.slot)

    def _renew(self, slot: int) -> None:
        self.processes[slot] = Process(self, slot)
        self._join(self.processes[slot])

    def crash(self, process: Process) -> None:
        self.counts["crash"] += 1
        self.restart(process)

    def replace(self, process: Process) -> None:
        """A new process starts while the old one has not noticed yet, perhaps because it sleeps."""
        self.counts["zombie"] += 1
        process.sleeps = self.random.random() < 0.5
        if process.sleeps:
            self._pass_time((HOUR, DAY, 10 * DAY))
        self.zombies.append(process)
        self._renew(process.slot)

    def _replace_some(self) -> None:
        """Mostly one that is folding: its writes are what a fence is for."""
        folding = [process for process in self.processes if "journeys" in process.busy]
        if folding or self.random.random() < 0.3:
            self.replace(self.random.choice(folding or self.processes))

    def turn(self, process: Process, task: str) -> None:
        try:
            process.turn(task)
        except Fenced:
            self.counts["fenced"] += 1
            self.restart(process)
        except Unavailable:
            self.counts["unavailable"] += 1
            self.restart(process)

    # the schedule

    def run(self, inputs: Sequence[Message], steps: int) -> bool:
        """Delivers `inputs` in random order among turns and faults, then lets everything come to rest. False: it does not."""
        pending, late = self._dealt(inputs)
        self._live(pending, steps)
        self.rest()
        self.now = self.horizon
        self.rest()
        if late:  # when nothing but an operator's word makes anybody fold
            self._live(late, 200)
        self._wake_zombies()
        self._calm_down()
        return self.rest()

    def _dealt(self, inputs: Sequence[Message]) -> tuple[list[Message], list[Message]]:
        """In random order, and what an operator says when all is over."""
        pending = list(inputs)
        self.random.shuffle(pending)
        late = [message for message in pending if message.topic == self.topics.claims and self.random.random() < 0.3]
        return [message for message in pending if message not in late], late

    def _live(self, pending: list[Message], steps: int) -> None:
        for step in range(steps):
            if step % 80 == 0:
                self._set_paces()
            self._something_happens(pending)
        for message in pending:
            self.kafka.append(message, self.now)

    def _calm_down(self) -> None:
        """All clocks are right, and later than any was."""
        self.calm, self.kafka.doubling = True, 0.0
        self.now += HOUR
        for process in self.processes:
            process.skew = 0

    def _set_paces(self) -> None:
        self._names = [(slot, task) for slot in range(self.setup.slots) for task in (*TASKS, "gain")]
        slots = [self.random.choice(PACES) for _ in range(self.setup.slots)]
        paces = {task: SLOWER if task == "follow" else PACES for task in (*TASKS, "gain")}
        self._paces = list(accumulate(slots[slot] * self.random.choice(paces[task]) for slot, task in self._names))

    def _something_happens(self, pending: list[Message]) -> None:
        weather, dice = self.weather, self.random.random()
        if dice < 0.07 and pending:
            self.kafka.append(pending.pop(), self.now)
        elif dice < 0.2:
            self.server.finish_some()
        elif dice < 0.4 and self.zombies:
            zombie = self.random.choice(self.zombies[-2:])
            if not zombie.sleeps:
                self.turn(zombie, self.random.choice(sorted(zombie.busy) * 3 + ZOMBIES_DO))
        elif (dice := self.random.random()) < weather.crash:
            self.crash(self.random.choice(self.processes))
        elif (dice := dice - weather.crash) < weather.replace:
            self._replace_some()
        elif (dice := dice - weather.replace) < weather.rebalance:
            self._begin_rebalance()
        elif dice - weather.rebalance < weather.clock:
            self._pass_time((MINUTE, HOUR, DAY, 5 * DAY))
        else:
            slot, task = self.random.choices(self._names, cum_weights=self._paces)[0]
            self.turn(self.processes[slot], task)
        self._drain()

    def _pass_time(self, at_most: Sequence[int]) -> None:
        self.now = min(self.horizon, self.now + self.random.randint(1, self.random.choice(at_most)))

    def _begin_rebalance(self) -> None:
        """Workers finish what they have in hand, for some time at most."""
        self.counts["rebalance"] += 1
        self.draining = self.random.choice((1, 20, 200))

    def _drain(self) -> None:
        if self.draining:
            self.draining -= 1
            if not self.draining or all(process.is_settled() for process in self.processes):
                self.rebalance()

    def _wake_zombies(self) -> None:
        """Whoever sleeps wakes up at the worst time."""
        for zombie in list(self.zombies):
            for _ in range(100):
                for task in (*TASKS, "gain"):
                    if zombie in self.zombies:
                        self.turn(zombie, task)
                self.server.finish_some()
                if zombie not in self.zombies or zombie.is_settled():
                    break

    def rest(self) -> bool:
        if self.draining:
            self.rebalance()
        quiet = 0
        for _ in range(3000):
            for process in list(self.processes):
                for task in (*TASKS, "gain"):
                    if self.processes[process.slot] is process:
                        self.turn(process, task)
            self.server.finish_some()
            quiet = quiet + 1 if self._is_quiet() else 0
            if quiet > 2:
                return True
        return False

    def _is_quiet(self) -> bool:
        if self.server.running or any(not process.is_idle() for process in self.processes):
            return False
        read = (*self.setup.public, self.topics.inbox, self.topics.claims)
        return all(self.kafka.position(tp) == len(log) for tp, log in self.kafka.logs.items() if tp[0] in read)
