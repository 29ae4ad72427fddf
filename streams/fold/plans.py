"""Rules looked up once per kind of event: a fold asks for (channel, event) and gets all that applies to it."""

from dataclasses import dataclass

from streams.detectors.contract import Step
from streams.fold.rules import JourneyRules, JourneyType

FUNNEL = ("awareness", "consideration", "purchase")
KINDS_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rules say about one kind of event. `kind` is the position of its journey type, -1 if it has none."""

    timeout: int
    session_at_most: int
    by_thread: bool  # a session is one conversation
    kind: int
    abandoned_after: int
    opens: bool
    reopens: bool
    cancels: bool
    goal: bool
    needs_proof: bool
    proof: bool
    active: bool  # an act of the customer, which prolongs a journey
    stage: str
    rank: int  # position of its stage in FUNNEL, -1 if it is not there
    in_funnel: bool  # it takes the furthest stage of its journey: its own is in FUNNEL, or it has none
    steps: tuple[tuple[int, Step], ...]  # position of a detector, and its function for this kind


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


def plan_of(rules: JourneyRules, channel: str, event: str) -> Plan:
    """The rules for one kind of event."""
    kind = kind_of(rules.journeys, channel, event)
    type = rules.journeys[kind] if kind >= 0 else _NO_TYPE
    stage = type.stage or rules.stages.get(event, "")
    return Plan(
        timeout=rules.timeouts.get(channel, rules.other_timeout),
        session_at_most=rules.session_at_most,
        by_thread=channel in rules.conversations,
        kind=kind,
        abandoned_after=type.abandoned_after,
        opens=event in type.opens,
        reopens=event in type.reopens,
        cancels=event in type.cancels,
        goal=event in type.goals or event in type.goals_if_proven,
        needs_proof=event in type.goals_if_proven,
        proof=event in type.proofs,
        active=event not in rules.passive,
        stage=stage,
        rank=FUNNEL.index(stage) if stage in FUNNEL else -1,
        in_funnel=stage in FUNNEL or not stage,
        steps=_steps(rules, channel, event),
    )


def kind_of(types: tuple[JourneyType, ...], channel: str, event: str) -> int:
    """Position of the journey type that an event belongs to, -1 if none wants it."""
    for wants in (lambda t: event in t.named, lambda t: channel in t.channels, lambda t: t.rest):
        for kind, type in enumerate(types):
            if wants(type):
                return kind
    return -1


def _steps(rules: JourneyRules, channel: str, event: str) -> tuple[tuple[int, Step], ...]:
    watched = ((slot, detector.watch(rules.contacts, channel, event)) for slot, detector in enumerate(rules.detectors))
    return tuple((slot, step) for slot, step in watched if step is not None)


_NO_TYPE = JourneyType("", frozenset(), frozenset(), 0)
