"""A revision: what a claim changes beyond one simple join, found by a replay of the customers it touches."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain

from schemas.ids import Id
from schemas.messages import Change
from streams.identity.graph import UNDECIDED, Graph, Group, Identifier, Pair
from streams.identity.judge import Judge
from streams.identity.outcome import Clerk, Decision, Outcome
from streams.identity.replay import Replay
from streams.identity.rules import DEVICE, PERSON, QUARANTINED, SHARED, Refusal, skip_of_kind
from streams.identity.sharing import Sharing


class Revision:
    """Collects the pairs that a claim makes uncertain, then `run`s once."""

    def __init__(self, graph: Graph, judge: Judge) -> None:
        self.stale: list[Pair] = []
        self._graph = graph
        self._judge = judge
        self._replay = Replay(graph, judge)
        self._skipped: dict[Identifier, Refusal | None] = {}  # with the reason it had before

    @property
    def visited(self) -> int:
        """Pairs that the replay looked at."""
        return self._replay.visited

    def quarantine(self, identifiers: list[Identifier]) -> None:
        """Takes them out of the graph, and looks again at the devices that were seen with their neighbours."""
        for identifier in identifiers:
            self._set_skip(identifier, QUARANTINED)
        gone = [identifier for identifier in identifiers if identifier.kind == PERSON]
        persons = [other for person in gone for other in person.partners(PERSON)]
        self.share(persons, [device for person in gone for device in person.partners(DEVICE)])

    def release(self, identifier: Identifier) -> None:
        """Brings it back from quarantine, and looks again at the devices that were seen with it and its neighbours."""
        self._set_skip(identifier, skip_of_kind(identifier.kind))
        self.share([identifier] if identifier.kind == PERSON else (), [identifier] if identifier.kind == DEVICE else ())

    def _set_skip(self, identifier: Identifier, skip: Refusal | None) -> None:
        self._skipped.setdefault(identifier, identifier.skip)
        identifier.skip = skip
        self.stale += identifier.pairs

    def share(self, persons: Iterable[Identifier], devices: Iterable[Identifier] = ()) -> bool:
        """Shares and unshares devices; True if any. `persons`: whose customers of the first pass may differ."""
        misjudged = Sharing(self._graph, self._judge).misjudged(persons, devices)
        for device in misjudged:
            self._set_skip(device, None if device.skip is SHARED else SHARED)
        return bool(misjudged)

    def run(self, moved: Pair | None = None) -> None:
        """`moved`: a stale pair that takes another place in the order than it had."""
        self._replay.run(self.stale, moved)

    def outcome(self, clerk: Clerk) -> Outcome:
        left = self._left()
        homes = {group.head.node: group.head.home for group in self._replay.former.values()}
        skips = [clerk.skip(one, self._skipped[one]) for one in sorted(self._skipped, key=_id)]
        decisions = (*skips, *self._verdicts(clerk))
        return Outcome(self._changes(clerk.seq), left, {customer: homes[customer] for customer in left}, decisions)

    def _changes(self, seq: int) -> tuple[Change, ...]:
        former = {group.head.node: group for group in self._replay.former.values()}
        present = {one.customer.head.node: one.customer for one in chain(self._replay.former, self._skipped)}
        flagged = {identifier.id for identifier in self._skipped}
        changes = []
        for customer in sorted(former.keys() | present.keys()):
            old, new = former.get(customer), present.get(customer)
            if new is None and old is not None:
                changes.append(Change(customer, old.head.home, seq, ()))
            elif new is not None and (old is None or customer in flagged or {*old.members} != {*new.members}):
                changes.append(change_of(self._graph, new, seq))
        return tuple(changes)

    def _left(self) -> dict[Id, tuple[Id, ...]]:
        left = defaultdict(list)
        for identifier, old in self._replay.former.items():
            if old.head.node != identifier.customer.head.node:
                left[old.head.node].append(identifier.id)
        return {customer: tuple(sorted(left[customer])) for customer in sorted(left)}

    def _verdicts(self, clerk: Clerk) -> Iterable[Decision]:
        for pair in sorted(self._replay.verdicts, key=lambda pair: pair.position):
            if pair.refusal is not None:
                yield clerk.refuse(pair, pair.refusal, self._replay.cuts.get(pair, ()))
                continue
            one, other = (self._replay.former.get(end, end.customer) for end in (pair.a, pair.b))
            if one is not other or self._replay.verdicts[pair] is not UNDECIDED:
                yield clerk.join(pair, merge=one is not other and min(len(one), len(other)) > 1)


def change_of(graph: Graph, group: Group, seq: int) -> Change:
    """The customer as it is now."""
    return Change(group.head.node, group.head.home, seq, tuple(sorted(group.members)), graph.flags(group))


def _id(identifier: Identifier) -> Id:
    return identifier.id
