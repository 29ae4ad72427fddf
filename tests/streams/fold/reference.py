"""What a fold must say, written a second time: slow, each rule by looking back over lists of whole facts.

It shares the rules' values and the types with the product, and no code of the fold or the detectors.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from schemas.fact import Fact, Key, Row, Signal
from schemas.ids import NONE, derived
from streams.fold.rules import JourneyRules, JourneyType

FUNNEL = ["awareness", "consideration", "purchase"]
NO_SUMMARY = "", 0, 0, 0, 0, 0, 0, 0, (), "", "", (), ()


@dataclass(eq=False)
class Part:
    """A session or a journey, as the list of its touchpoints."""

    facts: list[Fact]
    type: JourneyType | None = None
    outcome: str = "open"
    reopened: int = 0
    value: int = 0
    thread: str = ""
    acts: list[int] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)

    @property
    def due(self) -> int:
        return self.acts[-1] + self.type.abandoned_after


class Reference:
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
        self.completed: list[Part] = []
        self.stages: list[str] = []
        self.waiting: dict[int, bool] = {}
        self.signals: dict[Key, dict[str, tuple[int, Signal]]] = {}
        for fact in self.line:
            self.put_in_session(fact)
            self.stages.append(self.stage_of(fact, self.put_in_journey(fact)))
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

    def type_of(self, fact: Fact) -> JourneyType | None:
        for type in self.rules.journeys:
            if fact.event in type.named:
                return type
        for type in self.rules.journeys:
            if fact.channel in type.channels:
                return type
        return next((type for type in self.rules.journeys if type.rest), None)

    def put_in_journey(self, fact: Fact) -> Part | None:
        type = self.type_of(fact)
        journey = self.journey_for(fact, type) if type else None
        if journey:
            journey.facts.append(fact)
            if fact.event not in self.rules.passive or not journey.acts:
                journey.acts.append(fact.event_time)
            proven = any(f.event in type.proofs for f in journey.facts)
            if fact.event in type.goals or (fact.event in type.goals_if_proven and proven):
                journey.outcome, journey.thread, journey.value = "completed", fact.thread, journey.value + fact.value
        return journey

    def journey_for(self, fact: Fact, type: JourneyType) -> Part | None:
        mine = [j for j in self.journeys if j.type is type]
        for journey in mine:
            if journey.outcome == "open" and fact.event_time > journey.due:
                journey.outcome = "abandoned"
        current = next((j for j in mine if j.outcome == "open"), None)
        last = next((j for j in reversed(self.completed) if j.type is type), None)
        last = last if last and last.outcome == "completed" else None
        if fact.event in type.cancels:
            return self.cancel(fact, current, last)
        if current or fact.event not in type.opens:
            return current
        if last and fact.event in type.reopens and fact.event_time - last.facts[-1].event_time <= type.reopened_within:
            last.outcome, last.reopened = "open", last.reopened + 1
            return last
        self.journeys.append(Part([], type))
        return self.journeys[-1]

    def cancel(self, fact: Fact, current: Part | None, last: Part | None) -> Part | None:
        same = last and fact.thread and fact.thread == last.thread
        about_last = last and fact.event_time <= last.due and (not current or same)
        target = last if about_last else current
        if target:
            target.outcome = "cancelled"
        return target

    def stage_of(self, fact: Fact, journey: Part | None) -> str:
        type = self.type_of(fact)
        own = (type and type.stage) or self.rules.stages.get(fact.event, "")
        reached = journey is not None and journey.outcome == "completed"
        before = [j for j in self.completed if j.type is type]
        if journey and own in FUNNEL:
            journey.stages.append(own)
        if reached:
            self.completed.append(journey)
        if fact.metric == "nps" and fact.score >= self.rules.advocate_from:
            return "advocacy"
        if journey and (own in FUNNEL or not own):
            furthest = max(["awareness", *journey.stages], key=FUNNEL.index)
            return type.again if reached and before and type.again else furthest
        return own or (self.stages[-1] if self.stages else "awareness")

    def signals_of(self, i: int, fact: Fact) -> dict[str, tuple[int, Signal]]:
        found = [self.low_score(fact), self.repeat_contact(i, fact), self.unanswered(i, fact)]
        return {name: (due, Signal(name, at, fact.location, detail)) for name, due, at, detail in filter(None, found)}

    def low_score(self, fact: Fact) -> tuple[str, int, int, str] | None:
        worst, scale = {"nps": (6, 10), "csat": (2, 5), "ces": (3, 7)}.get(fact.metric, (-1000, 0))
        if not (fact.channel == "survey" or fact.event.startswith("Survey ")) or fact.score > worst:
            return None
        return "low_score", 0, fact.event_time, f"{fact.metric.upper()} of {fact.score:g} out of {scale}"

    def repeat_contact(self, i: int, fact: Fact) -> tuple[str, int, int, str] | None:
        contacts = self.rules.contacts.contacts
        before = [f for f in self.line[:i] if f.event in contacts]
        if fact.event not in contacts or not before:
            return None
        last, gap = before[-1], fact.event_time - before[-1].event_time
        threads = last.thread and fact.thread
        goes_on = last.thread == fact.thread if threads else self.session(last) is self.session(fact)
        if goes_on or gap > self.rules.contacts.repeat_within:
            return None
        detail = f"contact by {fact.channel}, {gap / 86_400_000:.1f} days after one by {last.channel}"
        return "repeat_contact", 0, fact.event_time, detail

    def unanswered(self, i: int, fact: Fact) -> tuple[str, int, int, str] | None:
        """A contact waits from its time to `due`, unless an earlier one of its conversation waits already."""
        if not self.waits(i) or any(self.answers(reply, i) for reply in self.line[i + 1 :]):
            return None
        within = next(e.within for e in self.rules.contacts.expectations if e.channel == fact.channel)
        minutes = within // 60_000
        text = f"{minutes // 60} h" if minutes >= 120 else f"{minutes} min"
        due = fact.event_time + within
        return "unanswered", due, due, f"no answer by {fact.channel} within {text}"

    def waits(self, i: int) -> bool:
        if i not in self.waiting:
            self.waiting[i] = self.starts_to_wait(i)
        return self.waiting[i]

    def starts_to_wait(self, i: int) -> bool:
        fact = self.line[i]
        expectation = next((e for e in self.rules.contacts.expectations if e.channel == fact.channel), None)
        if expectation is None or fact.event not in expectation.contacts:
            return False
        for j in range(i):
            earlier = self.line[j]
            if earlier.channel == fact.channel and fact.event_time <= earlier.event_time + expectation.within:
                answered = any(self.answers(reply, j) for reply in self.line[j + 1 : i])
                if self.waits(j) and not answered and self.about(fact, earlier, expectation.by_thread):
                    return False
        return True

    def answers(self, reply: Fact, i: int) -> bool:
        fact = self.line[i]
        if not self.waits(i):
            return False
        expectation = next(e for e in self.rules.contacts.expectations if e.channel == fact.channel)
        replies = {name for e in self.rules.contacts.expectations for name in e.replies}
        in_time = reply.event_time <= fact.event_time + expectation.within
        return in_time and reply.event in replies and self.about(reply, fact, expectation.by_thread)

    def about(self, fact: Fact, contact: Fact, by_thread: bool) -> bool:
        if by_thread and contact.thread and fact.thread:
            return contact.thread == fact.thread
        return contact.channel == fact.channel

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
            self.stages[i],
            previous.channel if previous and previous.channel != fact.channel else "",
            fact.event_time - previous.event_time if previous else 0,
            *((fact.event_time, session.facts[-1].event_time, len(session.facts)) if heads[0] is fact else (0, 0, 0)),
            *(self.summary(journey) if heads[1] is fact else NO_SUMMARY),
            "", 0, "", NONE,
            tuple(sorted(signal for due, signal in marks if due <= self.now)),
            min(dues, default=0),
        )

    def summary(self, journey: Part) -> tuple[object, ...]:
        facts = journey.facts
        path = [facts[0].channel, *(b.channel for a, b in pairwise(facts) if a.channel != b.channel)]
        outcome = "abandoned" if journey.outcome == "open" and journey.due <= self.now else journey.outcome
        sessions = [s for s in self.sessions if any(fact in s.facts for fact in facts)]
        return (outcome, facts[0].event_time, facts[-1].event_time, len(facts), len(path) - 1, len(sessions),
                journey.reopened, journey.value, tuple(path[:20]), "", "", (), ())  # fmt: skip
