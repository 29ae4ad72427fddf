"""Whatever comes in whatever order, to customers that merge and part, over restarts and failures: with windows so small that
almost everything is before the cut, the rows are those of the whole history."""

from collections import defaultdict
from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from schemas.fact import Fact, Key, version_of
from schemas.ids import Id
from schemas.messages import Barrier, Change, Mark, Member
from schemas.tables import CUSTOMERS, FACTS, FRICTION, IDENTITY_MAP, PROPERTIES, STITCHED
from streams.effects import Effect, Reach
from streams.fold.fold import fold
from streams.fold.window import Window
from streams.steps.customers import Cache
from streams.steps.journeys import Item, Journeys
from streams.steps.rows import row_hash
from streams.view import View
from tests.streams.fold.histories import DELAYS, HOUR, KINDS, MINUTE, RULES, START, fact
from tests.streams.steps.outside import Outside
from throughline.errors import Unavailable

NODES = [bytes([n] * 16) for n in (1, 2, 3)]
DAY = 24 * HOUR
FORM = b'{"form_id": "f"}'
STEPS = [0, 1, 5 * MINUTE, 30 * MINUTE + 1, HOUR, 4 * HOUR, DAY, 3 * DAY]
BACK = [0, 0, 0, 1, HOUR, DAY, 3 * DAY, 4 * DAY]
WINDOWS = st.builds(Window, most=st.integers(1, 3), least=st.integers(1, 2), every=st.just(1))


class Happening(NamedTuple):
    """A touchpoint, `on` ms after the last one less `back`; `skew`: how far its own clock is behind."""

    kind: tuple[str, str]
    node: Id
    on: int
    back: int
    delay: int
    skew: int
    thread: str


HAPPENINGS = st.builds(
    Happening, st.sampled_from(KINDS), st.sampled_from(NODES), st.sampled_from(STEPS), st.sampled_from(BACK),
    st.sampled_from(DELAYS), st.sampled_from([0, 0, 0, HOUR, -HOUR, 5 * DAY]), st.sampled_from(["", "a"]),
)  # fmt: skip


def change(customer: Id, seq: int, nodes: frozenset[Id]) -> Change:
    return Change(customer, 0, seq, tuple(Member(node, "email", 0) for node in sorted(nodes)))


class LongCustomers(RuleBasedStateMachine):
    """Three identifiers, one inbox partition; `waiting`: marks and barriers that nobody has folded yet."""

    @initialize(window=WINDOWS)
    def begin(self, window: Window) -> None:
        self.outside, self.window = Outside(), window
        self.best: dict[Key, Fact] = {}
        self.told: list[Fact] = []
        self.waiting: list[Item] = []
        self.groups = [frozenset([node]) for node in NODES]
        self.at, self.seq, self.now = START, 0, START
        self.step = self.owner()

    def owner(self) -> Journeys:
        step = Journeys(RULES, View(position=self.seq), 1, Cache(window=self.window))
        self.outside.run(step.assign(0, self.now))
        return step

    @rule(some=st.lists(HAPPENINGS, min_size=1, max_size=6), folded=st.sampled_from([True, True, False]))
    def happens(self, some: list[Happening], folded: bool) -> None:
        for one in some:
            self.at += one.on
            time, metric = self.at - one.back, "nps" if one.kind[0] == "survey" else ""
            told = fact(*one.kind, time - START, number=len(self.told) % 251, node=one.node[0], delay=one.delay)
            told = told._replace(
                original_timestamp=time - one.skew, thread=one.thread, metric=metric, score=3.0 if metric else 0.0
            )
            self.tell(told)
        if folded:
            self.fold()

    @precondition(lambda self: self.told)
    @rule(
        data=st.data(), node=st.sampled_from(NODES), earlier=st.sampled_from([-HOUR, 0, 1, 100 * HOUR]),
        shift=st.sampled_from([0, 0, 3, 2 * HOUR]), folded=st.booleans(),
    )  # fmt: skip
    def is_sent_again(self, data: st.DataObject, node: Id, earlier: int, shift: int, folded: bool) -> None:
        """Under another identifier, received at another time, corrected by another clock."""
        one = data.draw(st.sampled_from(self.told))
        received = one.received_at + earlier
        again = one._replace(node=node, received_at=received, event_time=one.event_time + shift)
        self.tell(again._replace(version=version_of(received, len(self.told))))
        if folded:
            self.fold()

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def is_redelivered(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.told))
        self.waiting.append(Item(0, Mark(one.node, one, 0, 0, 1)))

    def fold(self) -> None:
        """All that waits."""
        self.outside.run(self.step.take(self.waiting, self.now))
        self.waiting = []

    def tell(self, one: Fact) -> None:
        if RULES.looks.of(one.channel, one.event):
            one = one._replace(named=RULES.looks.in_properties(one.channel, one.event, FORM))
            self.outside.insert(PROPERTIES, (*one.key, one.version, FORM))
        self.told.append(one)
        self.best[one.key] = max(one, self.best.get(one.key, one), key=lambda f: f.version)
        self.outside.insert(FACTS, one[: len(FACTS.columns)])
        self.waiting.append(Item(0, Mark(one.node, one, 0, 0, 1)))

    @rule(one=st.sampled_from(NODES), other=st.sampled_from(NODES))
    def merges_or_parts(self, one: Id, other: Id) -> None:
        """`one` goes over to the customer of `other`; alone, if it is with it already."""
        old = next(group for group in self.groups if one in group)
        into = next(group for group in self.groups if other in group)
        new = [old - {one}, frozenset([one])] if old == into else [old - {one}, into | {one}]
        self.groups = [group for group in self.groups if group not in (old, into)] + [group for group in new if group]
        self.seq += 1
        changes = [change(min(group), self.seq, group) for group in new if group]
        gone = {min(old), min(into)} - {each.customer for each in changes}
        for each in [*changes, *(Change(customer, 0, self.seq, ()) for customer in gone)]:
            nodes = tuple(member.node for member in each.members)
            members = nodes, ("email",) * len(nodes), (0,) * len(nodes)
            self.outside.insert(CUSTOMERS, (each.customer, self.seq, 0, *members, (), 0, bytes(16), bytes(16)))
            if nodes:
                self.outside.insert(IDENTITY_MAP, *((node, each.customer, self.seq) for node in nodes))
        self.step.view.apply(self.seq, changes)
        for group in (old, into):
            left = tuple(
                node for node in group if not any(node in each and min(each) == min(group) for each in self.groups)
            )
            if left:
                self.waiting.append(Item(0, Barrier((min(group),), left, self.seq)))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), size=st.integers(1, 4), breaks=st.sampled_from([0, 0, 0, 0, 1, 3, 5, 7]))
    def is_folded(self, data: st.DataObject, size: int, breaks: int) -> None:
        """Some of what waits, in any order. The worker dies at the effect number `breaks`, if it comes to so many."""
        order = data.draw(st.permutations(range(len(self.waiting))))[:size]
        batch = [self.waiting[i] for i in order]
        self.outside.interrupt = dies_at(breaks)
        try:
            self.outside.run(self.step.take(batch, self.now))
        except Unavailable:
            self.step = self.owner()
        else:
            self.waiting = [item for i, item in enumerate(self.waiting) if i not in order]
        finally:
            self.outside.interrupt = lambda effect: None

    @rule(window=WINDOWS)
    def restarts(self, window: Window) -> None:
        self.window = window
        self.step = self.owner()

    @rule()
    def forgets(self) -> None:
        self.step.cache.clear()

    @rule(by=st.sampled_from([1, HOUR, 5 * DAY, 31 * DAY]))
    def time_passes(self, by: int) -> None:
        self.now += by
        self.outside.run(self.step.look_ahead(self.now))
        self.outside.run(self.step.take([], self.now))

    @rule()
    def rests(self) -> None:
        """Everything is folded: the tables must be those of the whole history."""
        self.fold()
        self.time_passes(1)
        facts: dict[Id, list[Fact]] = defaultdict(list)
        for one in self.best.values():
            facts[next(min(group) for group in self.groups if one.node in group)].append(one)
        want, live = {}, set()
        for customer, some in facts.items():
            for key, row in fold(some, RULES, self.now).items():
                want[key] = customer, row.status, row_hash(customer, self.best[key], row), self.best[key].version
                live |= {(key, signal.name) for signal in row.signals}
        said = ("customer_id", "status", "row_hash", "fact_version")
        rows = self.outside.store.rows(STITCHED)
        assert {key_of(row): tuple(row[name] for name in said) for row in rows} == want
        signals = self.outside.store.rows(FRICTION)
        assert {(key_of(row), row["signal"]) for row in signals if row["live"]} == live

    def teardown(self) -> None:
        if hasattr(self, "step"):
            self.rests()


def key_of(row: dict[str, object]) -> object:
    return row["node"], row["original_timestamp"], row["event_id"]


def dies_at(number: int) -> object:
    left = [number]

    def interrupt(effect: Effect) -> None:
        left[0] -= not isinstance(effect, Reach)
        if left[0] == 0:
            raise Unavailable("the machine is gone")

    return interrupt


TestLongCustomers = LongCustomers.TestCase
TestLongCustomers.settings = settings(max_examples=300, stateful_step_count=50, deadline=None)
