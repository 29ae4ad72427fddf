"""The state of a fold between two facts: what the next fact can still change. Small, whatever the history.

A *place* is the position of a fact in the customer's timeline. Places before a fact that comes late stay as they are.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from schemas.fact import Fact
from schemas.ids import NONE, Id
from schemas.scores import sentiment_of
from streams.detectors.contract import Memory, Seen, Step
from streams.fold.ledger import NO_TURN, Entry, Ledger
from streams.fold.parts import Journey, Session
from streams.fold.plans import FUNNEL, FUNNEL_RULES, Plan
from streams.fold.rules import JourneyRules
from streams.fold.threads import ENDED, Threads

Checkpoint = tuple[Any, ...]
PLAIN = ("time", "channel", "stage", "since", "reached")  # what a state holds besides sessions, journeys and memories
_plain = attrgetter(*PLAIN)
JOURNEYS_OF_A_SESSION = 8  # places kept before those of journeys that have ended are let go
_new = tuple.__new__


class State:
    """Takes facts in order, one `step` each. `save` is cheap; `load` goes back to what was saved, also again."""

    __slots__ = ("channel", "closed", "memories", "open", "plans", "reached", "rules", "sessions", "since", "stage",
                 "threads", "time")  # fmt: skip

    def __init__(self, rules: JourneyRules) -> None:
        self.rules, self.plans = rules, rules.plans
        self.time, self.channel, self.stage, self.since = 0, "", FUNNEL[0], 0
        self.sessions: dict[str, Session] = {}
        self.open: list[Journey | None] = [None] * len(rules.journeys)
        self.closed: list[Journey | None] = [None] * len(rules.journeys)  # completed last: may be reopened or cancelled
        self.threads = Threads()
        self.reached = 0  # bit per journey type whose goal the customer has reached
        self.memories: list[Memory] = [None] * len(rules.detectors)

    def save(self) -> Checkpoint:
        journeys = [journey and journey.save() for journey in self._journeys()]
        sessions = [(channel, session.save()) for channel, session in self.sessions.items()]
        return (*_plain(self), tuple(self.threads)), sessions, journeys, tuple(self.memories)

    def load(self, saved: Checkpoint) -> None:
        (*plain, threads), sessions, journeys, memories = saved
        for name, value in zip(PLAIN, plain, strict=True):
            setattr(self, name, value)
        self.sessions = {channel: Session.load(session) for channel, session in sessions}
        loaded = [journey and Journey.load(journey) for journey in journeys]
        types = len(self.open)
        self.open, self.closed = loaded[:types], loaded[types : 2 * types]
        self.threads = Threads(zip(threads, loaded[2 * types :], strict=True))
        self.memories = list(memories)

    def _journeys(self) -> list[Journey | None]:
        return [*self.open, *self.closed, *self.threads.values()]

    def heads(self) -> list[int]:
        """Places whose rows a later fact may still change."""
        return [part.place for part in (*self.sessions.values(), *self._journeys()) if part is not None]

    def step(self, fact: Fact, place: int, ledger: Ledger) -> Entry:
        """Takes the next fact; tells the ledger which earlier rows it has changed."""
        channel, time = fact[6], fact[3]
        plan = self.plans[channel][fact[7]]
        if plan.looks:
            plan = plan.variant(fact)
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
        ended = self._end_others(plan.ends, time, ledger) if plan.ends else ()
        owner = about = None
        if fact[8] or fact[14]:
            owner, about = self._owner(fact, ledger), self.threads.get(fact[14])
        journey, done = self._journey(fact, place, plan, owner, ledger)
        if journey is None and plan.otherwise is not None:
            plan, journey, done = self._otherwise(fact, place, plan, owner, ledger)
        if journey is not None and journey.place not in session.journeys:
            self._touched(session, journey)
        stage, rule = self._stage(fact, plan, journey, done)
        linked = about if owner is journey else owner
        turn = NO_TURN if linked is None or linked is journey else ("", 0, "", linked.id)
        steps = plan.steps
        if stage != self.stage or journey is None or stage != journey.stage or not self.channel:
            if moved := self._moved(stage, time, journey):
                turn = *moved, rule, turn[3]
            steps = plan.all_steps
        elif ended or plan.reopens or journey.outcome != "open":
            steps = plan.all_steps
        before, gap = self.channel, time - self.time
        self.channel, self.time = channel, time
        if steps:
            self._detect(self._seen(fact, place, session, journey, ended), steps, ledger)
        return session, journey, stage, before if before != channel else "", gap if before else 0, turn

    def _otherwise(
        self, fact: Fact, place: int, first: Plan, owner: Journey | None, ledger: Ledger
    ) -> tuple[Plan, Journey | None, bool]:
        """A journey of the other types that name the event; the first type's plan if there is none."""
        plan = first.otherwise
        while plan is not None:
            journey, done = self._journey(fact, place, plan, owner, ledger)
            if journey is not None:
                return plan, journey, done
            plan = plan.otherwise
        return first, None, False

    def _moved(self, stage: str, time: int, journey: Journey | None) -> tuple[str, int] | None:
        """The stage before and ms spent in it, if it changes: of the journey, or, where that begins or there is none, of the
        customer."""
        before, since = self.stage, self.since
        if journey is not None:
            if journey.count > 1:
                before, since = journey.stage, journey.since
            if journey.stage != stage:
                journey.stage, journey.since = stage, time
        is_first = not self.channel
        if is_first or self.stage != stage:
            self.stage, self.since = stage, time
        return None if is_first or before == stage else (before, time - since)

    def _seen(self, fact: Fact, place: int, session: Session, journey: Journey | None, ended: tuple[Id, ...]) -> Seen:
        if journey is None:
            return Seen(fact, place, session.id, NONE, "", "", self.stage, 0, ended)
        stays = self.rules.journeys[journey.kind].stays
        stay = stays.get(self.stage, 0) if journey.outcome == "open" else 0
        return _new(Seen, (fact, place, session.id, journey.id, journey.type, journey.outcome, self.stage, stay, ended))

    def _touched(self, session: Session, journey: Journey) -> None:
        """A journey goes through one session more. A session of thousands of journeys remembers those that go on."""
        if len(session.journeys) >= JOURNEYS_OF_A_SESSION:
            live = {part.place for part in self._journeys() if part is not None}
            session.journeys = tuple(place for place in session.journeys if place in live)
        session.journeys += (journey.place,)
        journey.sessions += 1

    def _detect(self, seen: Seen, steps: tuple[tuple[int, Step], ...], ledger: Ledger) -> None:
        ledger.teller = seen.place
        for slot, see in steps:
            self.memories[slot] = see(self.memories[slot], seen, ledger)

    def _owner(self, fact: Fact, ledger: Ledger) -> Journey | None:
        """The journey that carried this fact's transaction first."""
        owner = self.threads.owner(fact)
        if owner is not None and owner.outcome == "open":
            self._running(owner.kind, fact[3], ledger)
        return owner

    def _running(self, kind: int, time: int, ledger: Ledger) -> Journey | None:
        """The open journey of a type; one whose time is over is abandoned by this."""
        journey = self.open[kind]
        if journey is not None and time > journey.due:
            journey.outcome = "abandoned"
            ledger.changed.append(journey.place)
            self.open[kind] = None
            return None
        return journey

    def _journey(
        self, fact: Fact, place: int, plan: Plan, owner: Journey | None, ledger: Ledger
    ) -> tuple[Journey | None, bool]:
        """The journey that this fact belongs to, and whether the fact completes it."""
        time, kind = fact[3], plan.kind
        if owner is not None and not plan.named and owner.outcome != "abandoned":
            kind = owner.kind
        if kind < 0:
            return None, False
        journey, goes_on = self.open[kind], True
        if journey is not None and time > journey.due:
            journey = self._running(kind, time, ledger)
        if plan.cancels or (owner is not None and owner.kind == kind and owner.outcome in ENDED):
            journey, goes_on = self._returned(journey, owner, kind, fact, plan)
        elif journey is None and plan.opens:
            journey = self.open[kind] = self._begun(fact, place, plan)
        if journey is None:
            return None, False
        journey.count += 1
        journey.end = time
        ledger.changed.append(journey.place)
        if journey.channel != fact[6]:
            journey.hand_over(fact[6])
        if plan.proof:
            journey.proven = True
        if fact[11]:
            journey.feel(time, sentiment_of(fact[11], fact[12])[0])
        if fact[8]:
            self.threads.use(fact[8], journey)
        return journey, goes_on and self._goes_on(journey, fact, plan)

    def _returned(
        self, journey: Journey | None, owner: Journey | None, kind: int, fact: Fact, plan: Plan
    ) -> tuple[Journey | None, bool]:
        """A fact that cancels, or that is about a journey which has ended; whether that goes on by it."""
        if owner is None or owner.kind != kind or owner.outcome not in ENDED:
            return self._cancelled(journey, self.closed[kind], fact[3]), False
        if plan.cancels and self._may_cancel(owner, fact[3]):
            self._cancel(owner)
        if plan.reopens and owner.outcome == "completed" and journey is None:
            return self._reopened(owner), True
        return owner, False

    def _goes_on(self, journey: Journey, fact: Fact, plan: Plan) -> bool:
        """What a touchpoint does to an open journey; whether it completes it."""
        if plan.active or not journey.due:
            journey.due = fact[3] + self.rules.journeys[journey.kind].abandoned_after
        if plan.rank > journey.furthest:
            journey.furthest = plan.rank
        if plan.abandons:
            journey.outcome, self.open[journey.kind] = "abandoned", None
            return False
        if not plan.goal or (plan.needs_proof and not journey.proven):
            return False
        journey.earn(fact[9], fact[10])
        self._complete(journey, fact[3])
        return True

    def _complete(self, journey: Journey, time: int) -> None:
        journey.outcome, journey.done = "completed", time
        self.closed[journey.kind], self.open[journey.kind] = journey, None

    def _end_others(self, kinds: Iterable[int], time: int, ledger: Ledger) -> tuple[Id, ...]:
        """Completes the open journeys of these types, of which the fact is no touchpoint; gives their ids."""
        running = [journey for kind in kinds if (journey := self._running(kind, time, ledger)) is not None]
        for journey in running:
            journey.end = time
            self._complete(journey, time)
            self.reached |= 1 << journey.kind
            ledger.changed.append(journey.place)
        return tuple([journey.id for journey in running])

    def _begun(self, fact: Fact, place: int, plan: Plan) -> Journey:
        """The journey completed last, reopened, or a new one."""
        type, closed = self.rules.journeys[plan.kind], self.closed[plan.kind]
        if not plan.reopens or closed is None or fact[3] - closed.done > type.reopened_within:
            return Journey(place, fact, type.name, plan.kind)
        return self._reopened(closed)

    def _reopened(self, journey: Journey) -> Journey:
        if self.closed[journey.kind] is journey:
            self.closed[journey.kind] = None
        self.open[journey.kind] = journey
        journey.outcome = "open"
        journey.reopened += 1
        return journey

    def _cancelled(self, journey: Journey | None, closed: Journey | None, time: int) -> Journey | None:
        """Ends the journey that a cancelling event is about: the open one, or the one completed last."""
        if journey is None and closed is not None and self._may_cancel(closed, time):
            journey = closed
        if journey is not None:
            self._cancel(journey)
        return journey

    def _may_cancel(self, ended: Journey, time: int) -> bool:
        may = self.rules.journeys[ended.kind].cancels_completed
        return may and ended.outcome == "completed" and time <= ended.due

    def _cancel(self, journey: Journey) -> None:
        for running in (self.open, self.closed):
            if running[journey.kind] is journey:
                running[journey.kind] = None
        journey.outcome = "cancelled"

    def _stage(self, fact: Fact, plan: Plan, journey: Journey | None, done: bool) -> tuple[str, str]:
        """The stage after this fact, and the key of the rules file that says so."""
        again = False
        if done and journey is not None:
            again = bool(self.reached >> journey.kind & 1)
            self.reached |= 1 << journey.kind
        if fact[11] == "nps" and fact[12] >= self.rules.advocate_from:
            return "advocacy", "journeys.advocate_from"
        if journey is None or not plan.in_funnel:
            return (plan.stage, plan.stage_rule) if plan.stage else (self.stage, "")
        type = self.rules.journeys[journey.kind]
        if again and type.again:
            return type.again, f"journeys.types.{type.name}.again"
        if type.stage:
            return type.stage, type.stage_rule
        furthest = FUNNEL[journey.furthest]
        return furthest, FUNNEL_RULES[furthest]
