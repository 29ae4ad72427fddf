"""Whom an event is about: its identifiers normalised, the strongest first, with their nodes."""

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from schemas.decoding.bounded import Bounded
from schemas.identifiers import TRANSACTIONS, TYPES, key_of, normalise
from schemas.ids import NONE, Id, node_of
from schemas.murmur2 import murmur2_all

Identifier = tuple[str, str, Id]  # type, normalised value, node
BLOCKED: Identifier = ("", "", NONE)
_decode = msgspec.json.Decoder(dict[str, str | None]).decode
_order = {name: position for position, name in enumerate(TYPES)}


class Who(NamedTuple):
    """`node` and `home` (31 bits) are the strongest identifier's; `thread`: the first transaction as `type:value`; `order`:
    the order, so too."""

    node: Id
    home: int
    identifiers: tuple[Identifier, ...]
    thread: str
    order: str


class Directory:
    """Remembers fragments of JSON and single identifiers, since most customers come again; both memories are bounded.

    Of `size` fragments and identifiers each, about 600 bytes per fragment and 300 per identifier.
    """

    def __init__(self, node_key: bytes, region: str, blocked: frozenset[str], size: int = 100_000) -> None:
        self._node_key, self._region, self._blocked = node_key, region, blocked
        self._fragments: Bounded[bytes, Who] = Bounded(size)
        self._identifiers: Bounded[tuple[str, str], Identifier] = Bounded(size)

    def look_up(self, fragments: list[bytes]) -> list[Who | None]:
        """For each JSON object `identifiers`; None where it is not valid or no identifier names anybody."""
        found = self._fragments.get_all(fragments)
        if None in found:
            self._learn([place for place, who in enumerate(found) if who is None], fragments, found)
        return found

    def _learn(self, places: list[int], fragments: list[bytes], found: list[Who | None]) -> None:
        """Fills what is missing in `found`."""
        learned = [(place, identifiers) for place in places if (identifiers := self._read(fragments[place]))]
        keys = [key_of(*identifiers[0][:2]).encode() for _, identifiers in learned]
        for (place, identifiers), hash in zip(learned, murmur2_all(keys), strict=True):
            thread = _thread(identifiers, TRANSACTIONS)
            order = _thread(identifiers, ("order_id",)) if thread else ""
            who = found[place] = Who(identifiers[0][2], hash & 0x7FFFFFFF, identifiers, thread, order)
            if not thread:  # a transaction is seen a few times and never again
                self._fragments.put(fragments[place], who)

    def _read(self, fragment: bytes) -> tuple[Identifier, ...]:
        try:
            given = _decode(fragment)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return ()
        if not given.keys() <= _order.keys():
            return ()
        pairs = [(type, value) for type, value in given.items() if value is not None]
        if len(pairs) > 1:
            pairs.sort(key=_strength)
        return tuple([identifier for pair in pairs if (identifier := self._identifier(pair)) is not BLOCKED])

    def _identifier(self, pair: tuple[str, str]) -> Identifier:
        known = self._identifiers.get(pair)
        if known is None:
            known = self._normalised(*pair)
            if pair[0] not in TRANSACTIONS:
                self._identifiers.put(pair, known)
        return known

    def _normalised(self, type: str, value: str) -> Identifier:
        normal = normalise(type, value, self._region, self._blocked)
        return BLOCKED if normal is None else (type, normal, node_of(type, normal, self._node_key))


def _strength(pair: tuple[str, str]) -> int:
    return _order[pair[0]]


def _thread(identifiers: tuple[Identifier, ...], types: Collection[str]) -> str:
    for type, value, _ in identifiers:
        if type in types:
            return key_of(type, value)
    return ""
