"""The state of a fold between two facts: what the next fact of this customer can still change. Small, whatever the history.

A *place* is the position of a fact in the customer's timeline. Places before a fact that comes late stay as they are.
"""

from typing import TYPE_CHECKING

from schemas.fact import Fact, Row
from schemas.ids import NONE
from streams.detectors.contract import Memory, Seen
from streams.fold.parts import Journey, Session
from streams.fold.plans import FUNNEL, Plan
from streams.fold.rules import JourneyRules

if TYPE_CHECKING:
    from streams.fold.ledger import Ledger

_NO_SUMMARIES = 0, 0, 0, "", 0, 0, 0, 0, 0, 0, 0, (), (), 0
_new = tuple.__new__


class State:
    """Takes facts in order, one `step` each. A copy goes on independently: that is a checkpoint."""

    __slots__ = ("channel", "closed", "memories", "open", "plans", "reached", "rules", "sessions", "stage", "time")

    def __init__(self, rules: JourneyRules) -> None:
        self.rules, self.plans = rules, rules.plans
        self.time, self.channel, self.stage = 0, "", FUNNEL[0]
        self.sessions: dict[str, Session] = {}
        self.open: list[Journey | None] = [None] * len(rules.journeys)
        self.closed: list[Journey | None] = [None] * len(rules.journeys)  # completed last: may be reopened or cancelled
        self.reached = [False] * len(rules.journeys)
        self.memories: list[Memory] = [None] * len(rules.detectors)

    def copy(self) -> "State":
        other = State.__new__(State)
        other.rules, other.plans = self.rules, self.plans
        other.time, other.channel, other.stage = self.time, self.channel, self.stage
        other.sessions = {channel: session.copy() for channel, session in self.sessions.items()}
        other.open = [journey and journey.copy() for journey in self.open]
        other.closed = [journey and journey.copy() for journey in self.closed]
        other.reached, other.memories = self.reached[:], self.memories[:]
        return other

    def parts(self) -> tuple[list[Session], list[Journey]]:
        """The sessions and journeys that a later fact may still change."""
        return list(self.sessions.values()), [j for j in (*self.open, *self.closed) if j is not None]

    def step(self, fact: Fact, place: int, ledger: "Ledger") -> Row:
        """The row of the next fact, yet without the summaries and marks, which the ledger adds."""
        channel, time = fact[6], fact[3]
        plan = self.plans[channel][fact[7]]
        session = self._session(fact, place, plan, ledger)
        journey = self._journey(fact, place, plan, ledger) if plan[1] >= 0 else None
        if journey is not None and journey.place not in session.journeys:
            session.journeys += (journey.place,)
            journey.sessions += 1
        stage = self.stage = self._stage(fact, plan, journey)
        if journey is not None and journey.outcome == "completed":
            self.reached[plan.kind] = True
        before = self.channel
        handoff = before if before != channel else ""
        gap = time - self.time if before else 0
        self.channel, self.time = channel, time
        journey_id, kind = (NONE, "") if journey is None else (journey.id, journey.type)
        ledger.teller = place
        for slot, see in plan[-1]:
            self.memories[slot] = see(self.memories[slot], Seen(fact, place, session.id, journey_id), ledger)
        return _new(Row, ("folded", session.id, journey_id, kind, stage, handoff, gap, *_NO_SUMMARIES))

    def _session(self, fact: Fact, place: int, plan: Plan, ledger: "Ledger") -> Session:
        time = fact[3]
        session = self.sessions.get(fact[6])
        if session is not None and time - session.start <= self.rules.session_at_most and _continues(session, fact, plan):
            session.count += 1
            session.end = time
        else:
            session = self.sessions[fact[6]] = Session(place, fact)
        ledger.sessions[session.place] = session
        return session

    def _journey(self, fact: Fact, place: int, plan: Plan, ledger: "Ledger") -> Journey | None:
        kind, time = plan[1], fact[3]
        journey = self.open[kind]
        if journey is not None and time > journey.due:
            journey.outcome = "abandoned"
            ledger.journeys[journey.place] = journey
            journey = self.open[kind] = None
        if plan.cancels:
            journey = self._cancelled(fact, kind)
        elif journey is None and plan.opens:
            journey = self.open[kind] = self._reopened(time, kind, plan) or Journey(place, fact, self.rules.journeys[kind].name)
        if journey is not None:
            self._join(journey, fact, plan)
            ledger.journeys[journey.place] = journey
        return journey

    def _reopened(self, time: int, kind: int, plan: Plan) -> Journey | None:
        closed = self.closed[kind]
        if not plan.reopens or closed is None or time - closed.end > self.rules.journeys[kind].reopened_within:
            return None
        self.closed[kind] = None
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

    def _join(self, journey: Journey, fact: Fact, plan: Plan) -> None:
        journey.count += 1
        journey.end = fact[3]
        if journey.channel != fact[6]:
            journey.hand_over(fact[6])
        if plan.active or not journey.due:
            journey.due = fact[3] + self.rules.journeys[plan[1]].abandoned_after
        if plan.rank > journey.rank:
            journey.rank = plan.rank
        if plan.proof:
            journey.proven = True
        if plan.goal:
            self._goal(journey, fact, plan)

    def _goal(self, journey: Journey, fact: Fact, plan: Plan) -> None:
        if plan.needs_proof and not journey.proven:
            return
        journey.outcome, journey.thread = "completed", fact[8]
        journey.value += fact[9]
        self.closed[plan.kind], self.open[plan.kind] = journey, None

    def _stage(self, fact: Fact, plan: Plan, journey: Journey | None) -> str:
        if fact[11] == "nps" and fact[12] >= self.rules.advocate_from:
            return "advocacy"
        if journey is not None and (plan.rank >= 0 or not plan.stage):
            again = journey.outcome == "completed" and self.reached[plan.kind] and self.rules.journeys[plan.kind].again
            return again or FUNNEL[journey.rank]
        return plan.stage or self.stage


def _continues(session: Session, fact: Fact, plan: Plan) -> bool:
    """Does the touchpoint come soon enough, or, on a channel of conversations, is it the same conversation?"""
    if plan.timeout:
        return fact[3] - session.end <= plan.timeout
    return bool(fact[8]) and fact[8] == session.thread
