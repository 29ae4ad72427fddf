"""Claims from stored touchpoints: those that the intake made, and which of them nobody has recorded."""

import json

from schemas.decode import claims_of
from schemas.decoding.rules import DecodeRules
from schemas.links import links_of
from schemas.messages import Claim
from streams.rebuild.claims import Claimant, Sighting
from tests.streams.steps.outside import AT, KEY, PARTITIONS, decoder, event, records

RULES = DecodeRules(node_key=KEY, partitions=PARTITIONS, region="DE")
ANN = {"email": "Ann@X.org ", "anonymous_id": "c1", "order_id": "o-1"}
SEEN = [
    (0, ANN),
    (5, {"anonymous_id": "c1", "phone": "0301 234567"}),
    (9, {"user_id": "u1", "device_id": "d1", "email": "ann@x.org"}),
]
NO_LINKS = links_of([])


def sightings() -> list[Sighting]:
    """As a store that has these touchpoints gives them."""
    values = [event(f"e{at}", at, **identifiers) for at, identifiers in SEEN]
    facts = decoder().decode(*records(values)[:6]).facts
    whos = [json.dumps(identifiers).encode() for _, identifiers in SEEN]
    return [Sighting(who, "site", None, fact.event_time, fact.event_id) for who, fact in zip(whos, facts, strict=True)]


def claimed() -> list[Claim]:
    """By the intake."""
    found = decoder().decode(*records([event(f"e{at}", at, **identifiers) for at, identifiers in SEEN])[:6])
    columns = found.facts, found.identifiers, found.levels, found.sources
    return [claim for each in zip(*columns, strict=True) for claim in claims_of(*each)]


def test_they_are_those_of_the_intake() -> None:
    claimant = Claimant(RULES, NO_LINKS)
    claimant.hear(sightings())
    assert claimant.missing == claimed()
    assert claimant.derived == len(claimed()) == 4


def test_what_is_recorded_as_early_and_as_surely_is_not_missing() -> None:
    claimant = Claimant(RULES, links_of(claimed()))
    claimant.hear(sightings())
    assert (claimant.derived, claimant.missing) == (4, [])


def test_what_was_recorded_as_later_or_less_sure_is_missing() -> None:
    late = [Claim("link", c.a, c.b, c.first_seen + 1, 0, c.source, c.evidence) for c in claimed()[:1]]
    weak = [Claim("link", c.a, c.b, c.first_seen, 0, c.source, c.evidence) for c in claimed()[1:2]]
    claimant = Claimant(RULES, links_of([*late, *weak, *claimed()[2:]]))
    claimant.hear(sightings())
    assert claimant.missing == claimed()[:2]


def test_a_sighting_that_teaches_nothing_more_is_missing_once() -> None:
    claimant = Claimant(RULES, NO_LINKS)
    claimant.hear([*sightings(), *sightings()])
    assert len(claimant.missing) == 4


def test_an_assurance_counts_as_far_as_its_source_is_believed() -> None:
    who = json.dumps({"email": "ann@x.org", "anonymous_id": "c1"}).encode()
    rules = DecodeRules(node_key=KEY, partitions=PARTITIONS, caps={"till": 3})
    claimant = Claimant(rules, NO_LINKS)
    claimant.hear([Sighting(who, source, sure, AT, bytes(16)) for source, sure in (("site", 4), ("till", 4))])
    assert [claim.level for claim in claimant.missing] == [1, 3]


def test_identifiers_that_name_nobody_claim_nothing() -> None:
    claimant = Claimant(RULES, NO_LINKS)
    claimant.hear([Sighting(b'{"email":"null","nonsense":"x"}', "site", None, AT, bytes(16))])
    assert claimant.derived == 0
