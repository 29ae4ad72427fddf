"""Waits until an operator's claims are decided and every customer they concern is folded again.

The resolver commits a claim after it has sent the barriers that follow from it; a barrier is committed after the marks it
became are forwarded, and those after the fold. So three times what lies in the logs by then has to be committed.
"""

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial

from queries.operator import decisions_of, standing_of
from schemas.ids import Id
from schemas.topics import CLAIMS, INBOX
from throughline.cli._operator import Desk
from throughline.errors import ThroughlineError
from throughline.lag import Extent, LagReader

EVERY = 0.1  # seconds between two looks
HOPS = 2  # through the inbox: barrier, then marks
Tell = Callable[[str], None]


class Late(ThroughlineError):
    """after 60 s the resolver has not come to claim 12; see `throughline status`."""


class Settling:
    """`tell` hears in a few words what is waited for. `patience` in seconds, for all of it."""

    def __init__(self, desk: Desk, lag: LagReader, patience: float, tell: Tell) -> None:
        self._desk, self._lag, self._tell = desk, lag, tell
        self._patience, self._deadline = patience, time.monotonic() + patience
        prefix = desk.settings.topic_prefix
        self._claims, self._inbox = prefix + CLAIMS, prefix + INBOX

    def decided(self, seqs: Sequence[int]) -> None:
        """Until the resolver has written, announced and committed these claims."""
        last = max(seqs)
        self._tell("waiting for the resolver")

        def waiting() -> str:
            committed = max(each.committed for each in self._lag.extents([self._claims]))
            return f"the resolver has come to claim {committed:,} only, not yet to {last:,}" if committed < last else ""

        self._until(waiting)

    def folded(self, seqs: Sequence[int], nodes: Collection[Id]) -> set[Id]:
        """Until all touchpoints of these nodes, and of those that the claims decided on, are under their customers and
        these are folded. Returns all of the nodes."""
        self._tell("waiting for the journeys")
        for _ in range(HOPS):
            ends = {each.partition: each.end for each in self._extents()}
            self._until(partial(self._behind, ends))
        near = {*nodes, *(node for each in decisions_of(self._desk.client, seqs) for node in (each.a, each.b))}
        found = {m.node for change in self._desk.customers(near).values() for m in change.members} | near
        self._until(lambda: self._misplaced(found))
        return found

    def _extents(self) -> list[Extent]:
        return self._lag.extents([self._inbox])

    def _behind(self, ends: dict[int, int]) -> str:
        waiting = sum(max(0, ends[each.partition] - each.committed) for each in self._extents())
        return f"{waiting:,} messages of {INBOX} wait to be folded" if waiting else ""

    def _misplaced(self, nodes: Collection[Id]) -> str:
        owners = {node: change.customer for node, change in self._desk.customers(nodes).items()}
        standing = standing_of(self._desk.client, sorted(nodes))
        wrong = sum(owners[node] != customer for customer, under in standing.items() for node in under)
        return f"touchpoints of {wrong:,} identifiers are yet under their former customer" if wrong else ""

    def _until(self, waiting: Callable[[], str]) -> None:
        while said := waiting():
            if time.monotonic() > self._deadline:
                raise Late(f"after {self._patience:g} s {said}; see `throughline status`")
            time.sleep(EVERY)
