"""The resolver against the definition of identity, after whatever hypothesis lets claims, operators, rules and crashes do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from schemas.messages import NOBODY, Claim
from streams.effects import Effect
from streams.identity.resolve import resolve
from streams.identity.rules import IdentityRules
from streams.identity.rulings import effective
from streams.steps.resolver import Resolver
from tests.streams.identity.alphabet import DEVICES, PEOPLE, RULES, cut, link, release, uncut, unrelease
from tests.streams.identity.reference import reference
from tests.streams.steps.outside import AT, PARTITIONS, Outside

HARSH = tuple(replace(rule, limit=1) for rule in RULES.types)
VARIANTS = [
    replace(RULES, quarantine_at=3),
    replace(RULES, quarantine_at=9, trusted_level=4),
    replace(RULES, types=HARSH),
    replace(RULES, types=tuple(replace(rule, rank=9 - rule.rank) for rule in RULES.types), trusted_level=1),
]


def read(text: str) -> IdentityRules:
    """`version variant`."""
    version, variant = map(int, text.split())
    return replace(VARIANTS[variant], version=version)


def rules(version: int, variant: int) -> Claim:
    text = f"{version} {variant}"
    return Claim("rules", NOBODY, NOBODY, 0, 0, "operator", text.encode().ljust(16), text)


class Crash(Exception):
    """Of the process in which the resolver runs."""


some = st.integers(0, 6)
pairs = st.lists(st.tuples(some, some, st.integers(0, 7), st.sampled_from([0, 1, 3, 4])), min_size=1, max_size=5)


class Machine(RuleBasedStateMachine):
    """`log`: every claim so far. `names`: few identifiers, so that they meet. `watched`: whether the whole state is compared
    after each step, which ends its laziness."""

    def __init__(self) -> None:
        super().__init__()
        self.outside, self.log, self.watched, self.names = Outside(), list[Claim](), False, list[str]()
        self.resolver = Resolver(RULES, PARTITIONS, read=read)

    def take(self, first: int) -> None:
        part = self.log[first:]
        self.outside.run(self.resolver.take(range(first, len(self.log)), part, AT))

    def say(self, *claims: Claim) -> None:
        self.log += claims
        self.take(len(self.log) - len(claims))

    def name(self, number: int) -> str:
        return self.names[number % len(self.names)]

    @initialize(
        names=st.lists(st.sampled_from(PEOPLE + DEVICES), min_size=4, max_size=7, unique=True), watched=st.booleans()
    )
    def begin(self, names: list[str], watched: bool) -> None:
        self.names, self.watched = names, watched

    @rule(batch=pairs)
    def links_come(self, batch: list[tuple[int, int, int, int]]) -> None:
        named = [(self.name(a), self.name(b), at, level) for a, b, at, level in batch]
        self.say(*(link(*ends, at, level) for *ends, at, level in named if ends[0] != ends[1]))

    @rule(one=some, at=st.integers(0, 7))
    def one_is_seen_with_all(self, one: int, at: int) -> None:
        self.say(*(link(self.name(one), other, at) for other in self.names if other != self.name(one)))

    @rule(kind=st.sampled_from([cut, uncut]), id=st.integers(1, 3), a=some, b=some)
    def an_operator_cuts(self, kind: Callable[..., Claim], id: int, a: int, b: int) -> None:
        self.say(kind(id, self.name(a), self.name(b)))

    @rule(kind=st.sampled_from([release, unrelease]), id=st.integers(1, 3), a=some)
    def an_operator_releases(self, kind: Callable[..., Claim], id: int, a: int) -> None:
        self.say(kind(id, self.name(a)))

    @rule(version=st.integers(1, 9), variant=st.sampled_from(range(len(VARIANTS))))
    def rules_come(self, version: int, variant: int) -> None:
        self.say(rules(version, variant))

    @rule(data=st.data())
    def something_is_said_again(self, data: st.DataObject) -> None:
        if self.log:
            self.say(data.draw(st.sampled_from(self.log)))

    @rule(back=st.integers(0, 4), effects=st.integers(0, 9))
    def the_resolver_crashes(self, back: int, effects: int) -> None:
        """Before its commit of some claims, or in the midst of saying them again."""
        self.resolver = Resolver(RULES, PARTITIONS, read=read)
        if back and self.log:
            with self.crash_after(effects):
                self.take(max(0, len(self.log) - back))

    @rule(batch=pairs, effects=st.integers(0, 9))
    def the_resolver_crashes_over_new_claims(self, batch: list[tuple[int, int, int, int]], effects: int) -> None:
        first = len(self.log)
        with self.crash_after(effects):
            self.links_come(batch)
        self.take(first)

    @contextmanager
    def crash_after(self, effects: int) -> Iterator[None]:
        left = iter(range(effects))

        def interrupt(_: Effect) -> None:
            if next(left, None) is None:
                raise Crash

        self.outside.interrupt = interrupt
        try:
            yield
        except Crash:
            self.resolver = Resolver(RULES, PARTITIONS, read=read)
        self.outside.interrupt = lambda _: None

    @invariant()
    def the_tables_say_who_is_who(self) -> None:
        customer_of, _, quarantined, shared = reference(self.log, RULES, read)
        found = self.outside.store.customers_of(list(customer_of))
        assert {n: found[n].customer if n in found else n for n in customer_of} == customer_of
        flags = {node: change.flags for node, change in found.items() if change.flags}
        assert flags == dict.fromkeys(quarantined, ("quarantined",)) | dict.fromkeys(shared, ("shared",))

    @invariant()
    def the_state_says_what_the_whole_log_says(self) -> None:
        if self.watched and self.resolver.state is not None:
            self.compare()

    def compare(self) -> None:
        assert self.resolver.state is not None
        assert self.resolver.state.resolution() == resolve(self.log, effective(self.log, RULES, read))

    def teardown(self) -> None:
        if self.log:
            self.take(len(self.log) - 1)
            self.compare()


Machine.TestCase.settings = settings(max_examples=300, stateful_step_count=20, deadline=None)
TestResolver = Machine.TestCase
