"""Shared devices: seen with persons who exclude each other, by the pairs of persons alone (the first pass)."""

from collections.abc import Iterable

from schemas.ids import Id
from schemas.messages import Member
from streams.identity.graph import Graph, Identifier
from streams.identity.judge import Judge
from streams.identity.resolve import Link, lone, settle
from streams.identity.rules import DEVICE, PERSON, QUARANTINED, SHARED


class Neighbourhood:
    """Persons that pairs of persons connect, accepted or not, and their customers after the first pass."""

    def __init__(self, start: Identifier, judge: Judge) -> None:
        self.persons = {start}
        self._judge = judge
        self._customers: dict[Id, list[Member]] | None = None
        self._excludes: bool | None = None
        waiting = [start]
        while waiting:
            fresh = set(waiting.pop().partners(PERSON)) - self.persons
            self.persons |= fresh
            waiting += fresh

    def excludes(self) -> bool:
        """Whether some of these persons can never be one customer."""
        if self._excludes is None:
            self._excludes = self._judge.excludes(person.member for person in self.persons)
        return self._excludes

    def customer(self, person: Identifier) -> list[Member]:
        if self._customers is None:
            groups = lone(person.member for person in self.persons)
            pairs = {pair for person in self.persons for pair in person.pairs}
            inside = [pair for pair in pairs if pair.a.id in groups and pair.b.id in groups]
            settle([Link(*pair.position, pair.level) for pair in inside], groups, self._judge)
            self._customers = {id: group.members for id, group in groups.items()}
        return self._customers[person.id]


class Sharing:
    """Answers for one state of the graph; ask anew when it has changed."""

    def __init__(self, graph: Graph, judge: Judge) -> None:
        self._graph = graph
        self._judge = judge
        self._around: dict[Identifier, Neighbourhood] = {}

    def misjudged(self, persons: Iterable[Identifier], devices: Iterable[Identifier] = ()) -> list[Identifier]:
        """Devices to be shared, or not any more: of `devices`, and of all seen in the neighbourhood of `persons`."""
        asked = set(devices)
        for person in persons:
            for other in self._neighbourhood(person).persons:
                asked.update(other.partners(DEVICE))
        return [device for device in asked if device.skip is not QUARANTINED and self._has_changed(device)]

    def _has_changed(self, device: Identifier) -> bool:
        return self._is_shared(device) != (device.skip is SHARED)

    def _is_shared(self, device: Identifier) -> bool:
        seen_with = set(device.partners(PERSON))
        around = {self._neighbourhood(person) for person in seen_with}
        if not any(hood.excludes() for hood in around) and (len(around) < 2 or not self._excludes(around)):
            return False
        customers = {id(found): found for found in (self._neighbourhood(p).customer(p) for p in seen_with)}
        return self._judge.excludes(member for customer in customers.values() for member in customer)

    def _excludes(self, around: Iterable[Neighbourhood]) -> bool:
        return self._judge.excludes(person.member for hood in around for person in hood.persons)

    def _neighbourhood(self, person: Identifier) -> Neighbourhood:
        found = self._around.get(person)
        if found is None:
            found = Neighbourhood(person, self._judge)
            self._around.update(dict.fromkeys(found.persons, found))
        return found
