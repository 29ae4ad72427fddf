"""All recorded links of identifiers, joined to pairs: millions of them at rest, as arrays.

A pair is a lattice value: the earliest time, the highest level, and of the events that say so the one with the smallest id.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.ids import Id
from schemas.messages import Claim, Member

# One link as bytes, which the server packs (sinks.clickhouse.recorded). `a` < `b`; a type is its place in a list of names.
LINK = np.dtype(
    [
        ("a", "V16"), ("b", "V16"), ("event", "V16"), ("first_seen", "<i8"), ("a_home", "<u4"), ("b_home", "<u4"),
        ("a_type", "<u2"), ("b_type", "<u2"), ("level", "u1"),
    ]
)  # fmt: skip
Array = npt.NDArray[Any]


class Seen(NamedTuple):
    """What the links say of a pair: the earliest time (ms), the highest level, and the events that say so."""

    first_seen: int
    level: int
    first: Id
    strong: Id

    def joined(self, other: "Seen") -> "Seen":
        first_seen, first = min((self.first_seen, self.first), (other.first_seen, other.first))
        level, strong = min((-self.level, self.strong), (-other.level, other.strong))
        return Seen(first_seen, -level, first, strong)


class Links:
    """Identifiers are numbered in the order of their nodes, pairs in that of their ends. About 100 bytes a pair.

    Built where it may take a second: `links` (of dtype `LINK`) are sorted.
    """

    def __init__(self, types: tuple[str, ...], links: Array) -> None:
        self._types = types
        self._nodes, places = _numbered(np.concatenate([links["a"], links["b"]]))
        self._high = memoryview(_halves(self._nodes)[:, 0].tobytes()).cast("Q")
        self._describe(links, places)
        first, strong, ends = _joined(links, places.reshape(2, -1))
        self._first_seen = memoryview(links["first_seen"][first].tobytes()).cast("q")
        self._level = links["level"][strong].tobytes()
        self._first, self._strong = links["event"][first].tobytes(), links["event"][strong].tobytes()
        self._connect(ends)

    def _describe(self, links: Array, places: Array) -> None:
        self._kinds, self._homes = np.empty(len(self), np.uint16), np.empty(len(self), np.uint32)
        self._kinds[places] = np.concatenate([links["a_type"], links["b_type"]])
        self._homes[places] = np.concatenate([links["a_home"], links["b_home"]])

    def _connect(self, ends: Array) -> None:
        """For each identifier its pairs and its partners in them, one after the other."""
        self.pairs = ends.shape[1]
        order = np.argsort(ends.reshape(-1))
        self._partners = ends[::-1].reshape(-1)[order]
        self._pairs = (order % max(self.pairs, 1)).astype(np.int32)
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(ends.reshape(-1), minlength=len(self)))])

    def __len__(self) -> int:
        """How many identifiers there are."""
        return len(self._nodes) // 16

    def number(self, node: Id) -> int:
        """Of an identifier; -1 if no link names it."""
        place = bisect_left(self._high, int.from_bytes(node[:8], "big"))
        while place < len(self) and (found := self.node(place)) <= node:
            if found == node:
                return place
            place += 1
        return -1

    def node(self, number: int) -> Id:
        return self._nodes[16 * number : 16 * number + 16]

    def member(self, number: int) -> Member:
        return Member(self.node(number), self._types[self._kinds[number]], int(self._homes[number]))

    def degrees(self) -> Array:
        """With how many others each identifier was seen."""
        return np.diff(self._starts)

    def around(self, number: int) -> tuple[Array, Array]:
        """The pairs of an identifier, and its partners in them."""
        part = slice(self._starts[number], self._starts[number + 1])
        return self._pairs[part], self._partners[part]

    def find(self, a: Id, b: Id) -> Seen | None:
        """What is known of this pair, None if it was never claimed."""
        one, other = sorted((self.number(a), self.number(b)), key=lambda number: self._degree(number))
        pairs, partners = self.around(one) if one >= 0 <= other else (self._pairs[:0], self._partners[:0])
        found = pairs[partners == other]
        return self.seen(int(found[0])) if len(found) else None

    def _degree(self, number: int) -> int:
        return int(self._starts[number + 1] - self._starts[number]) if number >= 0 else 0

    def seen(self, pair: int) -> Seen:
        part = slice(16 * pair, 16 * pair + 16)
        return Seen(self._first_seen[pair], self._level[pair], self._first[part], self._strong[part])


class Recorded(NamedTuple):
    """The claims log up to some seq: its links, and all other claims in the order of the log with their seq."""

    links: Links
    words: tuple[tuple[int, Claim], ...]


def _halves(ids: bytes) -> Array:
    """Each id as two numbers that sort like it."""
    return np.frombuffer(ids, ">u8").astype(np.uint64).reshape(-1, 2)


def _is_new(ordered: Array) -> Array:
    """Which of the sorted values differ from the one before."""
    found = np.ones(len(ordered), bool)
    found[1:] = ordered[1:] != ordered[:-1]
    return found


def _numbered(nodes: Array) -> tuple[bytes, Array]:
    """The different nodes in their order, and the number of each one given."""
    halves = _halves(nodes.tobytes())
    order = _sorting(halves)
    ordered = halves[order]
    is_new = _is_new(ordered[:, 0]) | _is_new(ordered[:, 1])
    numbers = np.empty(len(order), np.int32)
    numbers[order] = np.cumsum(is_new, dtype=np.int32) - 1
    return ordered[is_new].astype(">u8").tobytes(), numbers


def _sorting(halves: Array) -> Array:
    """The order of the ids. Nodes are hashes: two that begin with the same eight bytes are hardly ever two."""
    order = np.argsort(halves[:, 0])
    high, low = halves[order].T
    if (~_is_new(high) & _is_new(low)).any():
        return np.lexsort((halves[:, 1], halves[:, 0]))
    return order


def _joined(links: Array, ends: Array) -> tuple[Array, Array, Array]:
    """For each different pair the place of its first and of its strongest link, and its two ends."""
    keys = ends[0].astype(np.int64) << 32 | ends[1]
    order = np.argsort(keys)
    is_new = _is_new(keys[order])
    starts = np.flatnonzero(is_new)
    first, strong = order[starts], order[starts]
    sizes = np.diff(np.append(starts, len(order)))
    if (sizes > 1).any():
        some = order[np.repeat(sizes > 1, sizes)]  # most pairs are claimed once, and need no more sorting
        first[sizes > 1] = _best(links, some, keys, links["first_seen"])
        strong[sizes > 1] = _best(links, some, keys, -links["level"].astype(np.int16))
    return first, strong, ends[:, order[starts]]


def _best(links: Array, some: Array, keys: Array, value: Array) -> Array:
    """Of each pair among `some` links the one with the smallest value, and then the smallest event."""
    events = _halves(links["event"][some].tobytes())
    ranked = some[np.lexsort((events[:, 1], events[:, 0], value[some], keys[some]))]
    best: Array = ranked[_is_new(keys[ranked])]
    return best


def links_of(claims: Iterable[Claim]) -> Links:
    """Of claims in any order; other kinds than `link`, and links of an identifier with itself, are passed over."""
    return Links(*packed(claims))


def packed(claims: Iterable[Claim]) -> tuple[tuple[str, ...], Array]:
    """The types that occur, and a row for each link."""
    places: dict[str, int] = {}
    rows = []
    for claim in claims:
        if claim.kind == "link" and claim.a.node != claim.b.node:
            a, b = (claim.a, claim.b) if claim.a.node < claim.b.node else (claim.b, claim.a)
            types = (places.setdefault(member.type, len(places)) for member in (a, b))
            rows.append((a.node, b.node, claim.evidence, claim.first_seen, a.home, b.home, *types, claim.level))
    return tuple(places), np.array(rows, LINK)
