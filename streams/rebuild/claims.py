"""The claims that the stored touchpoints make, by the code of the intake, and which of them nobody has recorded."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from schemas.decode import claims_from
from schemas.decoding.rules import DecodeRules
from schemas.decoding.who import Directory
from schemas.ids import Id
from schemas.links import Links
from schemas.messages import Claim
from streams.steps.intake import KnownPairs

AT_ONCE = 10_000


class Sighting(NamedTuple):
    """Identifiers that stood on one event or more: the first of these, its id and time (ms). `identifiers`: JSON, as sent."""

    identifiers: bytes
    source: str
    assurance: int | None
    first_seen: int
    event_id: Id


class RecordedPairs(KnownPairs):
    """Pairs whose claim is recorded, besides those that were added."""

    def __init__(self, links: Links) -> None:
        super().__init__()
        self._links = links

    def _covers(self, a: Id, b: Id, first_seen: int, level: int) -> bool:
        if super()._covers(a, b, first_seen, level):
            return True
        seen = self._links.find(a, b)
        return seen is not None and seen.first_seen <= first_seen and seen.level >= level


class Claimant:
    """Counts what the sightings claim: `derived` claims, of which those that teach something are `missing`."""

    def __init__(self, rules: DecodeRules, links: Links) -> None:
        self._rules, self._pairs = rules, RecordedPairs(links)
        self._directory = Directory(rules.node_key, rules.region, rules.blocked)
        self.derived, self.missing = 0, list[Claim]()

    def hear(self, sightings: Iterable[Sighting]) -> None:
        for claim in self._claims(sightings):
            self.derived += 1
            if self._pairs.teaches(claim):
                self._pairs.add(claim)
                self.missing.append(claim)

    def _claims(self, sightings: Iterable[Sighting]) -> Iterator[Claim]:
        for some in portions(sightings, AT_ONCE):
            found = self._directory.look_up([sighting.identifiers for sighting in some])
            for sighting, who in zip(some, found, strict=True):
                if who is not None:  # what names nobody any more, as a value that is blocked since then
                    _, source, assurance, at, event_id = sighting
                    yield from claims_from(who.identifiers, self._rules.level(assurance, source), source, at, event_id)


def portions(items: Iterable[Sighting], most: int) -> Iterator[list[Sighting]]:
    portion: list[Sighting] = []
    for item in items:
        portion.append(item)
        if len(portion) >= most:
            yield portion
            portion = []
    if portion:
        yield portion
