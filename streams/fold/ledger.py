"""The rows of a timeline, and what is known to be out of date in them."""

from schemas.fact import Row, Signal
from streams.detectors.contract import Notes
from streams.fold.parts import Journey, Session
from streams.fold.state import State

Mark = tuple[int, Signal]  # due (0: true already) and the signal
_new = tuple.__new__


class Ledger(Notes):
    """Rows by place. Summaries and marks are written into them by `settle`, once per call, not once per fact.

    `sessions`, `journeys`: those that changed since, by the place of the row they live in. A log of the marks undoes them
    when facts from some place on are told again.
    """

    __slots__ = ("_changed", "_fresh", "_live", "_log", "_marks", "_stale", "_waiting", "journeys", "now", "rows",
                 "sessions", "teller")  # fmt: skip

    def __init__(self, now: int) -> None:
        self.now = now
        self.teller = 0  # place of the fact that a detector is looking at
        self.rows: list[Row] = []
        self.sessions: dict[int, Session] = {}
        self.journeys: dict[int, Journey] = {}
        self._live: dict[int, Journey] = {}  # open ones, whose deadline stands in their row
        self._stale: set[int] = set()  # places whose marks or deadlines must be decided again
        self._fresh = 0  # every row from here on was made since the last `take`
        self._changed: set[int] = set()  # and these
        self._waiting: dict[int, int] = {}  # place of each row with an open deadline, and that deadline
        self._marks: dict[int, tuple[Mark, ...]] = {}
        self._log: list[tuple[int, int, tuple[Mark, ...]]] = []  # teller, marked place, its marks before

    def signal(self, place: int, signal: Signal) -> None:
        self.arm(place, 0, signal)

    def arm(self, place: int, due: int, signal: Signal) -> None:
        self._mark(place, (*self._without(place, signal.name), (due, signal)))

    def withdraw(self, place: int, name: str) -> None:
        self._mark(place, self._without(place, name))

    def _without(self, place: int, name: str) -> tuple[Mark, ...]:
        return tuple(mark for mark in self._marks.get(place, ()) if mark[1].name != name)

    def _mark(self, place: int, marks: tuple[Mark, ...]) -> None:
        self._log.append((self.teller, place, self._marks.get(place, ())))
        self._marks[place] = marks
        self._stale.add(place)

    def advance(self, now: int) -> None:
        """Deadlines up to and including `now` will be decided. Time does not go back."""
        if now > self.now:
            self.now = now
            self._stale.update(place for place, due in self._waiting.items() if due <= now)

    def next_due(self) -> int | None:
        self._settle()
        return min(self._waiting.values(), default=None)

    def take(self) -> set[int]:
        """Places of the rows that may differ since the last call."""
        self._settle()
        places = self._changed
        places.update(range(self._fresh, len(self.rows)))
        self._changed, self._fresh = set(), len(self.rows)
        return places

    def rewind(self, place: int, state: State) -> None:
        """Forgets what facts from `place` on have done; `state` is the one before them."""
        while self._log and self._log[-1][0] >= place:
            _, marked, self._marks[marked] = self._log.pop()
            self._stale.add(marked)
        del self.rows[place:]
        self._fresh = min(self._fresh, place)
        for places in (self._stale, self._changed):
            places.difference_update([p for p in places if p >= place])
        for kept in (self.sessions, self.journeys, self._live, self._waiting, self._marks):
            for late in [p for p in kept if p >= place]:
                del kept[late]
        sessions, journeys = state.parts()
        self.sessions.update((session.place, session) for session in sessions)
        self.journeys.update((journey.place, journey) for journey in journeys)

    def _settle(self) -> None:
        if not (self.sessions or self.journeys or self._stale):
            return
        for place, journey in self.journeys.items():
            if journey.outcome == "open":
                self._live[place] = journey
            else:
                self._live.pop(place, None)
        places = self._stale
        places.update(self.sessions, self.journeys)
        for place in places:
            self.rows[place] = self._render(place)
        self._changed |= places
        self.sessions, self.journeys, self._stale = {}, {}, set()

    def _render(self, place: int) -> Row:
        row, now = self.rows[place], self.now
        session = self.sessions.get(place)
        journey = self.journeys.get(place) or self._live.get(place)
        session_part = row[7:10] if session is None else session.summary()
        journey_part = row[10:19] if journey is None else journey.summary(now)
        marks = self._marks.get(place, ())
        dues = [due for due, _ in marks if due > now]
        if journey is not None and journey.outcome == "open" and journey.due > now:
            dues.append(journey.due)
        due = min(dues, default=0)
        if due:
            self._waiting[place] = due
        else:
            self._waiting.pop(place, None)
        signals = tuple(sorted(signal for due, signal in marks if due <= now))
        return _new(Row, (*row[:7], *session_part, *journey_part, signals, due))
