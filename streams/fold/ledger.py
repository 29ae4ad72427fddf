"""What a fold has said so far: an entry per folded fact, the marks of the detectors, and the rows made from both."""

from collections.abc import Collection
from typing import Any

from schemas.fact import Row, Signal
from schemas.ids import NONE, Id
from streams.detectors.contract import Notes
from streams.fold.parts import Journey, Session

Turn = tuple[str, int, str, Id]  # previous_stage .. linked_journey_id of a row
Entry = tuple[Session, Journey | None, str, str, int, Turn]  # session, journey, stage, previous channel and gap, turn
Mark = tuple[int, Signal]  # due (0: true already) and the signal
Summary = tuple[Any, ...]  # journey_outcome .. journey_emotions of a row
_new = tuple.__new__
_NO_JOURNEY: Summary = "", 0, 0, 0, 0, 0, 0, 0, (), "", "", (), ()
NO_TURN: Turn = "", 0, "", NONE


class Ledger(Notes):
    """`entries` by place from `base` on, `kept` those of earlier places that may still change; `changed`: places whose rows
    may differ from those last taken, some twice.

    A log of the marks undoes them when the facts from some place on are told again.
    """

    __slots__ = ("_log", "_marks", "_waiting", "base", "changed", "entries", "kept", "now", "teller")

    def __init__(self, now: int) -> None:
        self.now = now
        self.teller = 0  # place of the fact that the detectors are looking at
        self.base = 0
        self.entries: list[Entry] = []
        self.kept: dict[int, Entry] = {}
        self.changed: list[int] = []
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
        marks = self._marks.get(place, ())
        return tuple([mark for mark in marks if mark[1].name != name]) if marks else ()

    def _mark(self, place: int, marks: tuple[Mark, ...]) -> None:
        self._log.append((self.teller, place, self._marks.get(place, ())))
        self._marks[place] = marks
        self.changed.append(place)

    def advance(self, now: int) -> None:
        """Deadlines up to and including `now` will be decided. Time does not go back."""
        if now > self.now:
            self.now = now
            self.changed.extend(place for place, due in self._waiting.items() if due <= now)

    def next_deadline(self) -> tuple[int, int] | None:
        """The earliest open deadline and the place of its row."""
        for place in set(self.changed):
            self.row(place)
        return min(((due, place) for place, due in self._waiting.items()), default=None)

    def rewind(self, place: int) -> None:
        """Forgets what the facts from this place on have said; they must be told again, and perhaps more of them."""
        while self._log and self._log[-1][0] >= place:
            _, marked, self._marks[marked] = self._log.pop()
            self.changed.append(marked)
        del self.entries[place - self.base :]

    def undecided(self) -> set[int]:
        """Places of rows with a mark whose time has not come."""
        return {place for place, marks in self._marks.items() if any(due > self.now for due, _ in marks)}

    def marks_before(self, place: int) -> dict[int, tuple[Mark, ...]]:
        """The marks of each row as they were when the fact at this place was to be told."""
        marks = dict(self._marks)
        for teller, marked, before in reversed(self._log):
            if teller < place:
                break
            marks[marked] = before
        return marks

    def drop(self, base: int, keep: Collection[int]) -> None:
        """Forgets the rows before `base` but for those to keep, and what could be undone before it."""
        known = {place: self.kept[place] for place in self.kept if place in keep}
        known |= {place: self.entries[place - self.base] for place in keep if self.base <= place < base}
        del self.entries[: base - self.base]
        self.base, self.kept = base, known
        self.changed = [place for place in self.changed if place >= base or place in known]
        self._log = [entry for entry in self._log if entry[0] >= base]
        self._marks = {
            place: marks for place, marks in self._marks.items() if marks and (place >= base or place in known)
        }
        self._waiting = {place: due for place, due in self._waiting.items() if place >= base or place in known}

    def put_back(self, base: int, kept: dict[int, Entry], marks: dict[int, tuple[Mark, ...]]) -> None:
        """Begins with what a checkpoint has kept."""
        self.base, self.kept, self._marks = base, kept, marks
        self.changed.extend(kept)

    def restart(self) -> None:
        """As if no fact from `base` on had been told."""
        self.rewind(self.base)
        self.changed = [place for place in self.changed if place < self.base]
        self._waiting = {place: due for place, due in self._waiting.items() if place < self.base}

    def row(self, place: int) -> Row:
        """The row of a fact as of `now`."""
        return self.row_of(place, self.entries[place - self.base] if place >= self.base else self.kept[place])

    def row_of(self, place: int, entry: Entry) -> Row:
        """The same, of this entry."""
        session, journey, stage, previous, gap, turn = entry
        start = end = count = due = 0
        if session.place == place:
            start, end, count = session.start, session.end, session.count
        if journey is None:
            id, type, summary = NONE, "", _NO_JOURNEY
        else:
            id, type, summary = journey.id, journey.type, _NO_JOURNEY
            if journey.place == place:
                summary, due = self._summary(journey)
        signals: tuple[Signal, ...] = ()
        if place in self._marks:
            signals, due = self._decide(self._marks[place], due)
        if due:
            self._waiting[place] = due
        elif place in self._waiting:
            del self._waiting[place]
        own = "folded", session.id, id, type, stage, previous, gap, start, end, count
        return _new(Row, own + summary + turn + (signals, due))

    def _summary(self, journey: Journey) -> tuple[Summary, int]:
        """The columns of a journey, and its deadline if it is open."""
        outcome, due = journey.outcome, 0
        if outcome == "open":
            if journey.due > self.now:
                due = journey.due
            else:
                outcome = "abandoned"
        return (outcome, journey.start, journey.end, journey.count, journey.handoffs, journey.sessions,
                journey.reopened, journey.value, journey.channels, journey.currency or "", journey.stage,
                journey.times, journey.emotions), due  # fmt: skip

    def _decide(self, marks: tuple[Mark, ...], due: int) -> tuple[tuple[Signal, ...], int]:
        """The signals that are true by now, and the earliest deadline that is open, `due` among them."""
        dues = [mark_due for mark_due, _ in marks if mark_due > self.now]
        signals = sorted(signal for mark_due, signal in marks if mark_due <= self.now)
        return tuple(signals), min([*dues, due] if due else dues, default=0)
