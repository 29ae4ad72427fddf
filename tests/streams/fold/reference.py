"""What a fold must say, written a second time: slow, each rule by looking back over lists of whole facts.

It shares the rules' values and the types with the product, and no code of the fold or the detectors.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from schemas.fact import Fact, Key, Row, Signal
from schemas.ids import NONE, derived
from schemas.scores import sentiment_of
from streams.fold.conditions import Condition, When
from streams.fold.rules import ROLES, JourneyRules, JourneyType
from tests.streams.fold.friction import Friction

FUNNEL = ["awareness", "consideration", "purchase"]
MOST = 10**18 - 1
NO_SUMMARY = "", 0, 0, 0, 0, 0, 0, 0, (), "", "", (), ()


@dataclass(eq=False)
class Part:
    """A session or a journey, as the list of its touchpoints."""

    facts: list[Fact]
    type: JourneyType | None = None
    outcome: str = "open"
    reopened: int = 0
    goals: list[Fact] = field(default_factory=list)  # each has completed it
    ended: int = 0  # when it was completed last
    end: int = 0
    acts: list[int] = field(default_factory=list)
    ranks: list[str] = field(default_factory=list)
    stages: list[tuple[int, str]] = field(default_factory=list)

    @property
    def due(self) -> int:
        return self.acts[-1] + self.type.abandoned_after


class Reference(Friction):
    def __init__(self, facts: list[Fact], rules: JourneyRules, now: int) -> None:
        self.rules, self.now = rules, now
        best: dict[Key, Fact] = {}
        for fact in sorted(facts, key=lambda f: (f.version, f)):
            best[fact.key] = fact
        self.status = {key: self.status_of(fact, list(best.values())) for key, fact in best.items()}
        folded = [fact for key, fact in best.items() if self.status[key] == "folded"]
        self.line = sorted(folded, key=lambda f: (f.event_time, f.event_id, f.node, f.original_timestamp))
        self.sessions: list[Part] = []
        self.journeys: list[Part] = []
        self.completed: list[Part] = []  # once for each time
        self.threads: list[tuple[str, Part]] = []  # the 16 used last
        self.links: list[Part | None] = []
        self.stages: list[tuple[int, str]] = []  # stage of each fact, and since when the customer is in it
        self.told: list[tuple[Part | None, str, list[Part], str]] = []
        self.turns: list[tuple[str, int, str]] = []
        self.waiting: dict[int, bool] = {}
        self.signals: dict[Key, dict[str, tuple[int, Signal]]] = {}
        for fact in self.line:
            self.put_in_session(fact)
            self.put_in_journey(fact)
        for i, fact in enumerate(self.line):
            self.signals[fact.key] = self.signals_of(i, fact)

    def status_of(self, fact: Fact, facts: list[Fact]) -> str:
        same = [f for f in facts if (f.original_timestamp, f.event_id) == (fact.original_timestamp, fact.event_id)]
        if min(same, key=lambda f: (-f.version, f.node)) is not fact:
            return "duplicate"
        return "late" if fact.received_at - fact.event_time > self.rules.late_after else "folded"

    def put_in_session(self, fact: Fact) -> None:
        same = [s for s in self.sessions if s.facts[0].channel == fact.channel]
        if same and self.continues(same[-1], fact):
            same[-1].facts.append(fact)
        else:
            self.sessions.append(Part([fact]))

    def continues(self, session: Part, fact: Fact) -> bool:
        first, last = session.facts[0], session.facts[-1]
        timeout = self.rules.timeouts.get(fact.channel, self.rules.other_timeout)
        if fact.event_time - first.event_time > self.rules.session_at_most:
            return False
        if fact.channel in self.rules.conversations and fact.thread and first.thread:
            return fact.thread == first.thread
        return fact.event_time - last.event_time <= timeout

    def types_of(self, fact: Fact) -> list[JourneyType]:
        """Those that name it, else the one of its channel, else the one of all the rest."""
        types = self.rules.journeys
        by_channel = [type for type in types if fact.channel in type.channels]
        rest = [type for type in types if type.rest]
        return [type for type in types if self.roles(fact, type)] or (by_channel + rest)[:1]

    def roles(self, fact: Fact, type: JourneyType) -> set[str]:
        named = {role for role in ROLES if fact.event in getattr(type, role)}
        return named | {role for role, when in type.when if self.fits(fact, when)}

    def fits(self, fact: Fact, when: When) -> bool:
        values = dict(fact.named)
        return (when.event or fact.event, when.channel or fact.channel) == (fact.event, fact.channel) and all(
            self.holds(condition, values.get(condition.name)) for condition in when.conditions
        )

    def holds(self, condition: Condition, value: str | None) -> bool:
        if value is None or not condition.exists:
            return value is None and not condition.exists
        low, high = condition.least, condition.most
        is_within = (low is None or float(value) >= low) and (high is None or float(value) <= high)
        return is_within and (not condition.values or value in condition.values)

    def put_in_journey(self, fact: Fact) -> None:
        types = self.types_of(fact)
        named = [other for other in self.rules.journeys if self.roles(fact, other)]
        ends = [other for other in self.rules.journeys if fact.event in other.ends_with and other not in named]
        ended = [journey for other in ends if (journey := self.running(other, fact.event_time))]
        for other in ended:
            self.complete(other, fact.event_time)
            other.end = fact.event_time
        owner = self.owner_of(fact)
        about = next((part for thread, part in self.threads if fact.about and thread == fact.about), None)
        for type in types:
            journey, done = self.journey_for(fact, type, owner)
            if journey:
                break
        else:
            type, journey, done = types[0] if types else None, None, False
        others = [part for part in (owner, about) if part and part is not journey]
        self.links.append(others[0] if others else None)
        if journey:
            journey.facts.append(fact)
            journey.end = fact.event_time
            self.remember(fact, journey)
        stage, rule = self.stage_of(fact, type, journey, done)
        self.turn(fact, stage, rule, journey)
        self.told.append((journey, journey.outcome if journey else "", ended, stage))

    def owner_of(self, fact: Fact) -> Part | None:
        """The journey of its thread, else that of its order."""
        owners = [p for name in (fact.thread, fact.about) for thread, p in self.threads if name and thread == name]
        if owners and owners[0].outcome == "open":
            self.running(owners[0].type, fact.event_time)
        return owners[0] if owners else None

    def remember(self, fact: Fact, journey: Part) -> None:
        if fact.thread:
            owner = next((part for thread, part in self.threads if thread == fact.thread), journey)
            others = [(thread, part) for thread, part in self.threads if thread != fact.thread]
            self.threads = [*others, (fact.thread, journey if owner.outcome == "abandoned" else owner)][-16:]

    def running(self, type: JourneyType, time: int) -> Part | None:
        for journey in self.journeys:
            if journey.type is type and journey.outcome == "open":
                if time <= journey.due:
                    return journey
                journey.outcome = "abandoned"
        return None

    def journey_for(self, fact: Fact, type: JourneyType, owner: Part | None) -> tuple[Part | None, bool]:
        """The journey that the fact belongs to, and whether it completes it."""
        roles, time = self.roles(fact, type), fact.event_time
        if owner and owner.outcome != "abandoned" and not roles:
            type = owner.type
        current, last = self.running(type, time), self.last_completed(type)
        if owner and owner.type is type and owner.outcome in ("completed", "cancelled"):
            if "cancels" in roles and self.may_be_cancelled(owner, time):
                owner.outcome = "cancelled"
            elif "cancels" not in roles and "reopens" in roles and owner.outcome == "completed" and not current:
                return self.goes_on(self.reopen(owner), fact, roles)
            return owner, False
        if "cancels" in roles:
            target = current or (last if last and self.may_be_cancelled(last, time) else None)
            if target:
                target.outcome = "cancelled"
            return target, False
        if not current and "opens" in roles:
            if last and "reopens" in roles and time - last.ended <= type.reopened_within:
                current = self.reopen(last)
            else:
                current = Part([], type)
                self.journeys.append(current)
        return self.goes_on(current, fact, roles) if current else (None, False)

    def goes_on(self, journey: Part, fact: Fact, roles: set[str]) -> tuple[Part, bool]:
        type = journey.type
        if fact.event not in self.rules.passive or not journey.acts:
            journey.acts.append(fact.event_time)
        own = self.own_stage(fact, self.types_of(fact)[0] if not roles else type)[0]
        if own in FUNNEL:
            journey.ranks.append(own)
        if "abandons" in roles:
            journey.outcome = "abandoned"
            return journey, False
        proven = any("proofs" in self.roles(f, type) for f in [*journey.facts, fact])
        if "goals" not in roles and not ("goals_if_proven" in roles and proven):
            return journey, False
        journey.goals.append(fact)
        self.complete(journey, fact.event_time)
        return journey, True

    def complete(self, journey: Part, time: int) -> None:
        journey.outcome, journey.ended = "completed", time
        self.completed.append(journey)

    def reopen(self, journey: Part) -> Part:
        journey.outcome, journey.reopened = "open", journey.reopened + 1
        return journey

    def last_completed(self, type: JourneyType) -> Part | None:
        """Of this type, the one completed last, if that is still its outcome."""
        last = next((j for j in reversed(self.completed) if j.type is type), None)
        return last if last and last.outcome == "completed" else None

    def may_be_cancelled(self, journey: Part, time: int) -> bool:
        return journey.type.cancels_completed and journey.outcome == "completed" and time <= journey.due

    def own_stage(self, fact: Fact, type: JourneyType | None) -> tuple[str, str]:
        by_rule = [stage for stage, when in self.rules.stages_when if self.fits(fact, when)]
        own = (by_rule or [self.rules.stages.get(fact.event, "")])[0]
        if type and type.stage and (own in FUNNEL or not own):
            return type.stage, f"journeys.types.{type.name}.stage"
        return own, f"journeys.stages.{own}"

    def stage_of(self, fact: Fact, type: JourneyType | None, journey: Part | None, done: bool) -> tuple[str, str]:
        own, rule = self.own_stage(fact, type)
        if fact.metric == "nps" and fact.score >= self.rules.advocate_from:
            return "advocacy", "journeys.advocate_from"
        if journey and (own in FUNNEL or not own):
            about = journey.type
            before = [j for j in self.completed if j.type is about]
            if done and len(before) > 1 and about.again:
                return about.again, f"journeys.types.{about.name}.again"
            if about.stage:
                return about.stage, f"journeys.types.{about.name}.stage"
            furthest = max(["awareness", *journey.ranks], key=FUNNEL.index)
            return furthest, f"journeys.stages.{furthest}"
        return (own, rule) if own else (self.stages[-1][1] if self.stages else "awareness", "")

    def turn(self, fact: Fact, stage: str, rule: str, journey: Part | None) -> None:
        """Compares with the touchpoint before in the same journey, or else with that of the customer."""
        mine = journey.stages if journey else []
        before = mine or self.stages
        changed = bool(self.stages) and before[-1][1] != stage
        self.turns.append((before[-1][1], fact.event_time - before[-1][0], rule) if changed else ("", 0, ""))
        for line in (mine, self.stages):
            line.append(line[-1] if line and line[-1][1] == stage else (fact.event_time, stage))

    def session(self, fact: Fact) -> Part:
        return next(s for s in self.sessions if fact in s.facts)

    def rows(self) -> dict[Key, Row]:
        nothing = (NONE, NONE, "", "", "", 0, 0, 0, 0, *NO_SUMMARY, "", 0, "", NONE, (), 0)
        aside = {key: Row(status, *nothing) for key, status in self.status.items() if status != "folded"}
        return aside | {fact.key: self.row(i, fact) for i, fact in enumerate(self.line)}

    def row(self, i: int, fact: Fact) -> Row:
        session = self.session(fact)
        journey = next((j for j in self.journeys if fact in j.facts), None)
        previous = self.line[i - 1] if i else None
        heads = session.facts[0], journey and journey.facts[0]
        marks = self.signals[fact.key].values()
        dues = [due for due, _ in marks if due > self.now]
        if heads[1] is fact and journey.outcome == "open" and journey.due > self.now:
            dues.append(journey.due)
        return Row(
            "folded",
            derived(b"session", *heads[0].key),
            derived(b"journey", *heads[1].key) if journey else NONE,
            journey.type.name if journey else "",
            self.stages[i][1],
            previous.channel if previous and previous.channel != fact.channel else "",
            fact.event_time - previous.event_time if previous else 0,
            *((fact.event_time, session.facts[-1].event_time, len(session.facts)) if heads[0] is fact else (0, 0, 0)),
            *(self.summary(journey) if heads[1] is fact else NO_SUMMARY),
            *self.turns[i],
            self.link(i),
            tuple(sorted(signal for due, signal in marks if due <= self.now)),
            min(dues, default=0),
        )

    def link(self, i: int) -> bytes:
        linked = self.links[i]
        return derived(b"journey", *linked.facts[0].key) if linked else NONE

    def summary(self, journey: Part) -> tuple[object, ...]:
        facts = journey.facts
        path = [facts[0].channel, *(b.channel for a, b in pairwise(facts) if a.channel != b.channel)]
        outcome = "abandoned" if journey.outcome == "open" and journey.due <= self.now else journey.outcome
        sessions = [s for s in self.sessions if any(fact in s.facts for fact in facts)]
        felt = [(f.event_time, sentiment_of(f.metric, f.score)[0]) for f in facts if f.metric][-50:]
        currency = next((f.currency for f in journey.goals if f.value), "")
        value = 0
        for goal in journey.goals:
            if goal.currency == currency:
                value = max(-MOST, min(value + goal.value, MOST))
        return (outcome, facts[0].event_time, journey.end, len(facts), len(path) - 1, len(sessions), journey.reopened,
                value, tuple(path[:20]), currency, journey.stages[-1][1], tuple(time for time, _ in felt),
                tuple(mood for _, mood in felt))  # fmt: skip
