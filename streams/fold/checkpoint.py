"""A customer's fold at its cut, as bytes: the state, and the rows before the cut that a later fact may still change.

Nothing in it is believed without the fingerprint of what it stands for (streams.steps.loading). `LAYOUT` changes with the names
of everything it holds; a change of what the fold does with them needs a higher rules version or FORMAT.
"""

from functools import cache
from typing import Any

import msgspec
import xxhash

from schemas.fact import Fact, Row, Signal
from schemas.messages import decode, encode
from streams.fold.ledger import Entry, Mark
from streams.fold.parts import Journey, Session
from streams.fold.rules import JourneyRules
from streams.fold.state import PLAIN, Checkpoint

FORMAT = 1


class Kept(msgspec.Struct, array_like=True, frozen=True):
    """A row before the cut. `session` and `journey` are positions in the lists of the checkpoint, -1: none."""

    place: int
    fact: Fact
    session: int
    journey: int
    more: Any  # the rest of its entry
    marks: tuple[tuple[int, Signal], ...]


class Stored(msgspec.Struct, array_like=True, frozen=True):
    base: int
    plain: Any
    sessions: tuple[Any, ...]  # values of the slots
    journeys: tuple[Any, ...]
    by_channel: tuple[tuple[str, int], ...]
    running: tuple[int, ...]  # open, then closed
    memories: Any
    kept: tuple[Kept, ...]


class Restored(msgspec.Struct):
    """What a timeline begins with."""

    base: int
    state: Checkpoint
    facts: dict[int, Fact]
    entries: dict[int, Entry]
    marks: dict[int, tuple[Mark, ...]]


def layout(rules: JourneyRules) -> int:
    """64 bits that differ when a checkpoint of another build, or with other types and detectors, could be misread."""
    return _layout(tuple(type.name for type in rules.journeys), tuple(detector.name for detector in rules.detectors))


@cache
def _layout(types: tuple[str, ...], detectors: tuple[str, ...]) -> int:
    parts = Fact._fields, Row._fields, Signal._fields, Session.__slots__, Journey.__slots__, PLAIN
    return xxhash.xxh3_64_intdigest(encode((FORMAT, parts, types, detectors)))


def packed(
    base: int, state: Checkpoint, facts: dict[int, Fact], entries: dict[int, Entry], marks: dict[int, tuple[Mark, ...]]
) -> bytes:
    """`state`: as saved at the cut; the others by place, of the rows to keep, `marks` as of the cut."""
    plain, by_channel, running, memories = state
    values = {
        id(part): values for saved in (*(one for _, one in by_channel), *running) if saved for part, values in [saved]
    }
    sessions, journeys = _Parts(values), _Parts(values)
    stored = Stored(
        base, plain, (), (),
        tuple((channel, sessions.place_of(session)) for channel, (session, _) in by_channel),
        tuple(journeys.place_of(journey and journey[0]) for journey in running),
        memories,
        tuple(Kept(place, facts[place], sessions.place_of(session), journeys.place_of(journey), more, marks.get(place, ()))
              for place, (session, journey, *more) in entries.items()),
    )  # fmt: skip
    return encode(msgspec.structs.replace(stored, sessions=tuple(sessions.values), journeys=tuple(journeys.values)))


def unpacked(data: bytes) -> Restored:
    """Raises `msgspec.DecodeError` for what `packed` has not made."""
    stored = decode(Stored, data)
    sessions = [Session.made_of(frozen(values)) for values in stored.sessions]
    journeys: list[Journey | None] = [Journey.made_of(frozen(values)) for values in stored.journeys]
    journeys.append(None)  # at -1
    state = (
        frozen(stored.plain),
        [(channel, sessions[at].save()) for channel, at in stored.by_channel],
        [(journey := journeys[at]) and journey.save() for at in stored.running],
        frozen(stored.memories),
    )
    return Restored(
        stored.base,
        state,
        {kept.place: kept.fact for kept in stored.kept},
        {kept.place: (sessions[kept.session], journeys[kept.journey], *frozen(kept.more)) for kept in stored.kept},
        {kept.place: kept.marks for kept in stored.kept if kept.marks},
    )


def frozen(value: Any) -> Any:
    """Lists, as msgpack gives them, as tuples."""
    return tuple(map(frozen, value)) if isinstance(value, list) else value


def within_reach(state: Checkpoint) -> set[int]:
    """Places of the rows that a later fact may change: heads, and every whole number in a memory, since the places that a
    detector may still mark are among them."""
    _, by_channel, running, memories = state
    heads = [saved[0].place for saved in (*(session for _, session in by_channel), *running) if saved]
    return {*heads, *_numbers(memories)}


def _numbers(value: Any) -> set[int]:
    if isinstance(value, tuple):
        return set[int]().union(*map(_numbers, value))
    return {value} if isinstance(value, int) else set()


class _Parts:
    """Each session or journey once, with its values as of the cut."""

    def __init__(self, at_cut: dict[int, tuple[Any, ...]]) -> None:
        self.values: list[tuple[Any, ...]] = []
        self._at_cut, self._places = at_cut, dict[int, int]()

    def place_of(self, part: Session | Journey | None) -> int:
        if part is None:
            return -1
        if id(part) not in self._places:
            self._places[id(part)] = len(self.values)
            self.values.append(self._at_cut[id(part)] if id(part) in self._at_cut else part.save()[1])
        return self._places[id(part)]
