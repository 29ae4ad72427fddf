"""What a friction detector is: a pure observer of one customer's touchpoints in order of event time.

It has no clock and does no I/O. It is asked once for each kind of event which of its functions wants to see such
facts, so an event that no detector watches costs nothing. What it remembers of a customer between two facts is one
immutable value, its memory, which the fold keeps, puts into checkpoints and gives back after a late event: a detector
never learns that the past was told again. Absence (no reply, no submit) is a deadline: armed by one fact, withdrawn
by a later one, and decided by the fold when its time has come.
"""

from collections.abc import Callable, Hashable
from typing import NamedTuple

from schemas.fact import Fact, Signal
from schemas.ids import Id
from streams.fold.contacts import ContactRules

Memory = (
    Hashable  # text, bytes, numbers, None, and tuples of these: a checkpoint gives a named tuple back as a plain one
)


class Seen(NamedTuple):
    """A folded fact. `place` names its row for every later fact too; keep it in the memory to mark that row later.

    `stage`: what it puts its journey in, or, without one, the customer. `outcome` of the journey after this fact, "" without
    one. `stay`: ms after which a customer in this stage of this open journey is stuck, 0: never.
    """

    fact: Fact
    place: int
    session_id: Id
    journey_id: Id
    journey_type: str = ""
    outcome: str = ""
    stage: str = ""
    stay: int = 0
    ended: tuple[Id, ...] = ()  # other journeys that this fact has ended


class Notes:
    """Where a detector writes. A row has at most one mark of a name, signal or deadline: a new one replaces it."""

    def signal(self, place: int, signal: Signal) -> None:
        """Puts a signal on the row of this or an earlier fact."""
        raise NotImplementedError

    def arm(self, place: int, due: int, signal: Signal) -> None:
        """The signal is true once `now` has reached `due` (ms), unless a fact of this history withdraws it."""
        raise NotImplementedError

    def withdraw(self, place: int, name: str) -> None:
        """Takes back a signal or a deadline; does nothing if there is none of that name."""
        raise NotImplementedError


Step = Callable[[Memory, Seen, Notes], Memory]


class Detector:
    """Subclass, set `name` (the signal's name, unique), and put an instance into the module attribute `detector`.

    `moves`: it need only see facts that may have begun, moved to another stage, or ended a journey.
    `looks`: (channel, event, names of properties) that it reads in `fact.named`; an empty channel or event is every one.
    """

    name: str = ""
    moves: bool = False
    looks: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def watch(self, rules: ContactRules, channel: str, event: str) -> Step | None:
        """The function that sees facts of this kind, or None. Asked once per kind and rules; depends on nothing else.

        The function gets the memory (None at the customer's first), the fact and the notes, and returns the new memory.
        It must not raise: an error here is a bug of the detector and stops the fold of its customer.
        """
        raise NotImplementedError
