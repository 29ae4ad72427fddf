"""The state of a fold between two facts: what the next fact can still change. Small, whatever the history.

A *place* is the position of a fact in the customer's timeline. Places before a fact that comes late stay as they are.
"""

from operator import attrgetter
from typing import Any

from schemas.fact import Fact
from schemas.ids import NONE
from streams.detectors.contract import Memory, Seen
from streams.fold.ledger import NO_TURN, Entry, Ledger
from streams.fold.parts import Journey, Session
from streams.fold.plans import FUNNEL, Plan
from streams.fold.rules import JourneyRules

Checkpoint = tuple[Any, ...]
PLAIN = ("time", "channel", "stage", "reached")  # what a state holds besides sessions, journeys and memories
_plain = attrgetter(*PLAIN)
JOURNEYS_OF_A_SESSION = 8  # places kept before those of journeys that have ended are let go
VALUE_AT_MOST = 10**18 - 1  # what a Decimal(18, 4) holds: a sum beyond it would stop the partition for good


class State:
    """Takes facts in order, one `step` each. `save` is cheap; `load` goes back to what was saved, also again."""

    __slots__ = ("channel", "closed", "memories", "open", "plans", "reached", "rules", "sessions", "stage", "time")

    def __init__(self, rules: JourneyRules) -> None:
        self.rules, self.plans = rules, rules.plans
        self.time, self.channel, self.stage = 0, "", FUNNEL[0]
        self.sessions: dict[str, Session] = {}
        self.open: list[Journey | None] = [None] * len(rules.journeys)
        self.closed: list[Journey | None] = [None] * len(rules.journeys)  # completed last: may be reopened or cancelled
        self.reached = 0  # bit per journey type whose goal the customer has reached
        self.memories: list[Memory] = [None] * len(rules.detectors)

    def save(self) -> Checkpoint:
        journeys = [journey and journey.save() for journey in (*self.open, *self.closed)]
        sessions = [(channel, session.save()) for channel, session in self.sessions.items()]
        return _plain(self), sessions, journeys, tuple(self.memories)

    def load(self, saved: Checkpoint) -> None:
        plain, sessions, journeys, memories = saved
        for name, value in zip(PLAIN, plain, strict=True):
            setattr(self, name, value)
        self.sessions = {channel: Session.load(session) for channel, session in sessions}
        loaded = [journey and Journey.load(journey) for journey in journeys]
        self.open, self.closed = loaded[: len(self.open)], loaded[len(self.open) :]
        self.memories = list(memories)

    def heads(self) -> list[int]:
        """Places whose rows a later fact may still change."""
        return [part.place for part in (*self.sessions.values(), *self.open, *self.closed) if part is not None]

    def step(self, fact: Fact, place: int, ledger: Ledger) -> Entry:
        """Takes the next fact; tells the ledger which earlier rows it has changed."""
        channel, time = fact[6], fact[3]
        plan = self.plans[channel][fact[7]]
        session = self.sessions.get(channel)
        if (
            session is not None
            and time - session.start <= plan.session_at_most
            and (
                fact[8] == session.thread
                if plan.by_thread and fact[8] and session.thread
                else time - session.end <= plan.timeout
            )
        ):
            session.count += 1
            session.end = time
            ledger.changed.append(session.place)
        else:
            session = self.sessions[channel] = Session(place, fact)
        journey = self._journey(fact, place, plan, ledger) if plan.kind >= 0 else None
        if journey is not None and journey.place not in session.journeys:
            self._touched(session, journey)
        stage = self.stage = self._stage(fact, plan, journey)
        before, gap = self.channel, time - self.time
        self.channel, self.time = channel, time
        if plan.steps:
            self._detect(Seen(fact, place, session.id, NONE if journey is None else journey.id), plan, ledger)
        return session, journey, stage, before if before != channel else "", gap if before else 0, NO_TURN

    def _touched(self, session: Session, journey: Journey) -> None:
        """A journey goes through one session more. A session of thousands of journeys remembers those that go on."""
        if len(session.journeys) >= JOURNEYS_OF_A_SESSION:
            live = {part.place for part in (*self.open, *self.closed) if part is not None}
            session.journeys = tuple(place for place in session.journeys if place in live)
        session.journeys += (journey.place,)
        journey.sessions += 1

    def _detect(self, seen: Seen, plan: Plan, ledger: Ledger) -> None:
        ledger.teller = seen.place
        for slot, see in plan.steps:
            self.memories[slot] = see(self.memories[slot], seen, ledger)

    def _journey(self, fact: Fact, place: int, plan: Plan, ledger: Ledger) -> Journey | None:
        time, kind = fact[3], plan.kind
        journey = self.open[kind]
        if journey is not None and time > journey.due:
            journey.outcome = "abandoned"
            ledger.changed.append(journey.place)
            journey = self.open[kind] = None
        if plan.cancels:
            journey = self._cancelled(fact, kind)
        elif journey is None and plan.opens:
            journey = self.open[kind] = self._begun(fact, place, plan)
        if journey is None:
            return None
        journey.count += 1
        journey.end = time
        ledger.changed.append(journey.place)
        if journey.channel != fact[6]:
            journey.hand_over(fact[6])
        if plan.active or not journey.due:
            journey.due = time + plan.abandoned_after
        if plan.rank > journey.furthest:
            journey.furthest = plan.rank
        if plan.proof:
            journey.proven = True
        if plan.goal and (journey.proven or not plan.needs_proof):
            journey.outcome, journey.thread = "completed", fact[8]
            journey.value = max(-VALUE_AT_MOST, min(journey.value + fact[9], VALUE_AT_MOST))
            self.closed[kind], self.open[kind] = journey, None
        return journey

    def _begun(self, fact: Fact, place: int, plan: Plan) -> Journey:
        """The journey completed last, reopened, or a new one."""
        type, closed = self.rules.journeys[plan.kind], self.closed[plan.kind]
        if not plan.reopens or closed is None or fact[3] - closed.end > type.reopened_within:
            return Journey(place, fact, type.name)
        self.closed[plan.kind] = None
        closed.outcome = "open"
        closed.reopened += 1
        return closed

    def _cancelled(self, fact: Fact, kind: int) -> Journey | None:
        """Ends the journey that a cancelling event is about."""
        closed, journey = self.closed[kind], self.open[kind]
        recent = closed is not None and fact[3] <= closed.due
        if closed is not None and recent and (journey is None or (fact[8] and fact[8] == closed.thread)):
            journey, self.closed[kind] = closed, None
        else:
            self.open[kind] = None
        if journey is not None:
            journey.outcome = "cancelled"
        return journey

    def _stage(self, fact: Fact, plan: Plan, journey: Journey | None) -> str:
        again = False
        if journey is not None and journey.outcome == "completed":
            again = bool(self.reached >> plan.kind & 1)
            self.reached |= 1 << plan.kind
        if fact[11] == "nps" and fact[12] >= self.rules.advocate_from:
            return "advocacy"
        if journey is None or not plan.in_funnel:
            return plan.stage or self.stage
        return (again and self.rules.journeys[plan.kind].again) or FUNNEL[journey.furthest]
