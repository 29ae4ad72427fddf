"""Rules looked up once per kind of event: a fold asks for (channel, event) and gets all that applies to it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from schemas.fact import Fact, Named
from streams.detectors.contract import Step
from streams.fold.rules import JourneyRules, JourneyType

FUNNEL = ("awareness", "consideration", "purchase")
FUNNEL_RULES = {stage: f"journeys.stages.{stage}" for stage in FUNNEL}
KINDS_AT_MOST = 10_000
VARIANTS_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rules say about one kind of event. `kind` is the position of its journey type, -1 if it has none.

    `looks`: rules look at properties of this kind, so `variant` must be asked for each fact.
    """

    timeout: int
    session_at_most: int
    by_thread: bool  # a session is one conversation
    kind: int
    named: bool  # its type names it; otherwise it has the type of its channel or of all the rest
    opens: bool
    reopens: bool
    cancels: bool
    abandons: bool
    goal: bool
    needs_proof: bool
    proof: bool
    active: bool  # an act of the customer, which prolongs a journey
    ends: tuple[int, ...]  # types whose open journey it completes besides
    stage: str
    stage_rule: str  # where the stage comes from
    rank: int  # position of its stage in FUNNEL, -1 if it is not there
    in_funnel: bool  # it takes the furthest stage of its journey: its own is in FUNNEL, or it has none
    steps: tuple[tuple[int, Step], ...]  # position of a detector, and its function for this kind
    all_steps: tuple[tuple[int, Step], ...]  # with those that only see what moves a journey
    otherwise: "Plan | None" = None  # as an event of the next type that names it, if the first has no use for it
    looks: bool = False
    variants: "Variants | None" = field(default=None, compare=False)

    def variant(self, fact: Fact) -> "Plan":
        """The plan for the values that this fact has."""
        return self if self.variants is None else self.variants[fact[15]]


class Plans(dict[str, "EventPlans"]):
    """`plans[channel][event]`, filled as kinds come up; at most 10,000 per channel, since event names are free."""

    def __init__(self, rules: JourneyRules) -> None:
        self._rules = rules

    def __missing__(self, channel: str) -> "EventPlans":
        plans = self[channel] = EventPlans(self._rules, channel)
        return plans


class EventPlans(dict[str, Plan]):
    """The plans of one channel by event."""

    def __init__(self, rules: JourneyRules, channel: str) -> None:
        self._rules, self._channel = rules, channel

    def __missing__(self, event: str) -> Plan:
        if len(self) >= KINDS_AT_MOST:
            self.clear()
        plan = self[event] = plan_of(self._rules, self._channel, event)
        return plan


class Variants(dict[Named, Plan]):
    """The plans of one kind of event by the values of the properties that the rules look at."""

    def __init__(self, rules: JourneyRules, channel: str, event: str) -> None:
        self._rules, self._kind = rules, (channel, event)

    def __missing__(self, named: Named) -> Plan:
        if len(self) >= VARIANTS_AT_MOST:
            self.clear()
        plan = self[named] = _plan(self._rules, *self._kind, dict(named))
        return plan


def plan_of(rules: JourneyRules, channel: str, event: str) -> Plan:
    """The rules for one kind of event."""
    looks = bool(rules.decisive.of(channel, event))
    plan = _plan(rules, channel, event, {})
    return replace(plan, variants=Variants(rules, channel, event), looks=True) if looks else plan


def _plan(rules: JourneyRules, channel: str, event: str, values: Mapping[str, str]) -> Plan:
    plans = [
        _plan_as(rules, (channel, event, values), kind, roles)
        for kind, roles in kinds_of(rules.journeys, channel, event, values)
    ]
    return reduce(lambda rest, plan: replace(plan, otherwise=rest), reversed(plans))


def _plan_as(
    rules: JourneyRules, event_kind: tuple[str, str, Mapping[str, str]], kind: int, roles: frozenset[str]
) -> Plan:
    channel, event, _ = event_kind
    type = rules.journeys[kind] if kind >= 0 else _NO_TYPE
    named = [kind for kind, roles in kinds_of(rules.journeys, *event_kind) if roles]
    stage, stage_rule = _stage(rules, type, event_kind)
    return Plan(
        timeout=rules.timeouts.get(channel, rules.other_timeout),
        session_at_most=rules.session_at_most,
        by_thread=channel in rules.conversations,
        kind=kind,
        named=bool(roles),
        opens="opens" in roles,
        reopens="reopens" in roles,
        cancels="cancels" in roles,
        abandons="abandons" in roles,
        goal=bool(roles & {"goals", "goals_if_proven"}),
        needs_proof="goals" not in roles,
        proof="proofs" in roles,
        active=event not in rules.passive,
        ends=tuple(i for i, other in enumerate(rules.journeys) if i not in named and event in other.ends_with),
        stage=stage,
        stage_rule=stage_rule,
        rank=FUNNEL.index(stage) if stage in FUNNEL else -1,
        in_funnel=stage in FUNNEL or not stage,
        steps=_steps(rules, channel, event, {False}),
        all_steps=_steps(rules, channel, event, {False, True}),
    )


def kinds_of(
    types: tuple[JourneyType, ...], channel: str, event: str, values: Mapping[str, str]
) -> list[tuple[int, frozenset[str]]]:
    """Positions of the journey types that an event belongs to, -1 if none wants it, and its roles there."""
    roles = [(kind, type.roles(channel, event, values)) for kind, type in enumerate(types)]
    wanted = [kind for kind, type in enumerate(types) if channel in type.channels]
    wanted += [kind for kind, type in enumerate(types) if type.rest]
    return [one for one in roles if one[1]] or [(wanted[0] if wanted else -1, frozenset())]


def _stage(rules: JourneyRules, type: JourneyType, kind: tuple[str, str, Mapping[str, str]]) -> tuple[str, str]:
    """The stage of a kind of event, and the key of the rules file that says so."""
    own = next((stage for stage, when in rules.stages_when if when.fits(*kind)), rules.stages.get(kind[1], ""))
    if type.stage and (not own or own in FUNNEL):
        return type.stage, type.stage_rule
    return own, FUNNEL_RULES.get(own, f"journeys.stages.{own}") if own else ""


def _steps(rules: JourneyRules, channel: str, event: str, moves: Collection[bool]) -> tuple[tuple[int, Step], ...]:
    wanted = ((slot, detector) for slot, detector in enumerate(rules.detectors) if detector.moves in moves)
    watched = ((slot, detector.watch(rules.contacts, channel, event)) for slot, detector in wanted)
    return tuple((slot, step) for slot, step in watched if step is not None)


_NO_TYPE = JourneyType("", frozenset(), frozenset(), 0)
