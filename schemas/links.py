"""All recorded links of identifiers, one row for each pair: millions of them at rest, as arrays.

A pair is a lattice value: the earliest time, the highest level, and of the events that say so the one with the smallest id.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.ids import Id
from schemas.messages import Claim, Member

# How a row is packed, by the server too (sinks.clickhouse.recorded). `a` < `b`; types are places in `types`.
ROW = np.dtype(
    [
        ("a", "V16"), ("b", "V16"), ("first", "V16"), ("strong", "V16"), ("first_seen", "<i8"), ("a_home", "<u4"),
        ("b_home", "<u4"), ("a_type", "<u2"), ("b_type", "<u2"), ("level", "u1"),
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
    """Identifiers are numbered in the order of their nodes, pairs in any order. About 100 bytes a pair."""

    def __init__(self, types: tuple[str, ...] = (), rows: Array | None = None) -> None:
        """`rows`: of dtype `ROW`, each pair once."""
        rows = np.zeros(0, ROW) if rows is None else rows
        self._types = types
        self._nodes, places = _numbered(np.concatenate([rows["a"], rows["b"]]))
        self.ends = places.reshape(2, len(rows))
        order = np.argsort(places, kind="stable")
        self._partners = np.roll(self.ends, 1, axis=0).reshape(-1)[order]
        self._pairs = (order % max(len(rows), 1)).astype(np.int32)
        self.starts = np.searchsorted(places, np.arange(len(self) + 1), sorter=order)
        firsts = order[self.starts[:-1]]
        self._kinds = np.concatenate([rows["a_type"], rows["b_type"]])[firsts]
        self._homes = np.concatenate([rows["a_home"], rows["b_home"]])[firsts]
        self._first_seen, self._level = memoryview(rows["first_seen"].tobytes()).cast("q"), rows["level"].tobytes()
        self._first, self._strong = rows["first"].tobytes(), rows["strong"].tobytes()
        self._high = memoryview(np.frombuffer(self._nodes, ">u8")[::2].astype(np.uint64).tobytes()).cast("Q")

    def __len__(self) -> int:
        """How many identifiers there are."""
        return len(self._nodes) // 16

    @property
    def pairs(self) -> int:
        return len(self._pairs) // 2

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
        return np.diff(self.starts)

    def around(self, number: int) -> tuple[Array, Array]:
        """The pairs of an identifier, and its partners in them."""
        part = slice(self.starts[number], self.starts[number + 1])
        return self._pairs[part], self._partners[part]

    def seen(self, pair: int) -> Seen:
        part = slice(16 * pair, 16 * pair + 16)
        return Seen(self._first_seen[pair], self._level[pair], self._first[part], self._strong[part])


def _numbered(nodes: Array) -> tuple[bytes, Array]:
    """The different nodes in their order, and the number of each one given."""
    halves = np.frombuffer(nodes.tobytes(), ">u8").astype(np.uint64).reshape(-1, 2)
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    ordered = halves[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    numbers = np.empty(len(order), np.int32)
    numbers[order] = np.cumsum(is_new, dtype=np.int32) - 1
    return ordered[is_new].astype(">u8").tobytes(), numbers


def links_of(claims: Iterable[Claim]) -> Links:
    """Of claims in any order; other kinds than `link`, and links of an identifier with itself, are passed over."""
    pairs: dict[tuple[Member, Member], Seen] = {}
    for claim in claims:
        if claim.kind == "link" and claim.a.node != claim.b.node:
            ends = (claim.a, claim.b) if claim.a.node < claim.b.node else (claim.b, claim.a)
            seen = Seen(claim.first_seen, claim.level, claim.evidence, claim.evidence)
            known = pairs.get(ends)
            pairs[ends] = seen if known is None else known.joined(seen)
    types = tuple(sorted({member.type for ends in pairs for member in ends}))
    place = {type: number for number, type in enumerate(types)}
    rows = [
        (
            a.node,
            b.node,
            seen.first,
            seen.strong,
            seen.first_seen,
            a.home,
            b.home,
            place[a.type],
            place[b.type],
            seen.level,
        )
        for (a, b), seen in pairs.items()
    ]
    return Links(types, np.array(rows, ROW))
