"""What operators have said of identifiers, and what stands under the customers it concerns; asked as `auditor`.

Ids are 16 bytes (`schemas.ids`), times ms UTC.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from queries.named import query
from schemas.ids import NONE, Id, to_uuid
from schemas.messages import Member
from sinks.clickhouse.server import Connections

SOME = 1_000


class Word(NamedTuple):
    """A cut of `a` and `b`, or a release of `a`. `withdrawn`: it does not hold any more."""

    id: Id
    seq: int
    a: Member
    b: Member
    reason: str
    withdrawn: bool


class Decided(NamedTuple):
    kind: str
    a: Id
    b: Id
    reason: str
    detail: str
    at: int


@dataclass(frozen=True)
class Standing:
    """What stands under one customer."""

    touchpoints: int = 0
    sessions: int = 0
    journeys: int = 0
    friction: int = 0


NOTHING = Standing()


def word_of(client: Connections, kind: str, id: Id) -> Word | None:
    """The `cut` or `release` with this id."""
    return next(iter(_words(client, kind, id, (), ())), None)


def words_between(client: Connections, kind: str, some: Collection[Id], others: Collection[Id]) -> list[Word]:
    """Those that hold, between any of the one and any of the other, the oldest first."""
    return [word for word in _words(client, kind, NONE, some, others) if not word.withdrawn]


def _words(client: Connections, kind: str, id: Id, some: Collection[Id], others: Collection[Id]) -> list[Word]:
    asked = {"some": _uuids(some), "others": _uuids(others)}
    rows = query("operator/words").ask(client, kind=kind, id=to_uuid(id), **asked)
    return [_word(*row) for row in rows]


def _word(id: Any, seq: int, *rest: Any) -> Word:
    a, a_type, a_home, b, b_type, b_home, reason, withdrawn = rest
    one, other = Member(a, a_type.decode(), a_home), Member(b, b_type.decode(), b_home)
    return Word(id, seq, one, other, reason.decode("utf-8", "replace"), bool(withdrawn))


def _uuids(nodes: Collection[Id]) -> list[str]:
    return [str(to_uuid(node)) for node in nodes or [NONE]]


def decisions_of(client: Connections, seqs: Sequence[int]) -> list[Decided]:
    """Empty: the resolver has not come to these claims, or they taught it nothing."""
    rows = query("operator/decisions").ask(client, seqs=list(seqs))
    return [
        Decided(kind.decode(), a, b, reason.decode(), detail.decode("utf-8", "replace"), at)
        for kind, a, b, reason, detail, at in rows
    ]


def standing_of(client: Connections, nodes: Sequence[Id]) -> dict[Id, dict[Id, Standing]]:
    """By customer, then by identifier: what the stitched rows of these identifiers say now."""
    found: dict[Id, dict[Id, Standing]] = defaultdict(dict)
    for start in range(0, len(nodes), SOME):
        named = [node.hex() for node in nodes[start : start + SOME]]
        for node, customer, *counts in query("operator/standing").ask(client, nodes=named):
            found[customer][node] = Standing(*counts)
    return dict(found)


def summed(standings: Collection[Standing]) -> Standing:
    counts: Counter[str] = Counter()
    for standing in standings:
        counts.update(standing.__dict__)
    return Standing(**counts)


def partners_of(client: Connections, nodes: Sequence[Id], most: int) -> list[Id]:
    """Identifiers that were claimed with any of these."""
    named = [node.hex() for node in nodes]
    return [node for (node,) in query("operator/partners").ask(client, nodes=named, limit=most)]
