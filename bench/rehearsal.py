"""What it takes to decide all recorded claims again under other rules: seconds, and memory besides the claims.

`python -m bench.rehearsal [customers]`. Seven claims each, as in `bench.identity`; other rules concern few or many of them.
"""

import sys
import time
from dataclasses import replace

import psutil

from bench.identity import history
from schemas.links import Recorded, links_of
from streams.identity.rules import IdentityRules
from streams.rehearsal.comparison import compare


def limited(type: str, limit: int) -> IdentityRules:
    rules = IdentityRules()
    types = tuple(replace(rule, limit=limit) if rule.name == type else rule for rule in rules.types)
    return replace(rules, types=types, version=2)


PROPOSED = {"nobody": limited("email", 4), "some": limited("anonymous_id", 1), "everybody": limited("anonymous_id", 0)}


def resident() -> float:
    """MB of this process."""
    return float(psutil.Process().memory_info().rss / 1e6)


def main(customers: int = 143_000) -> None:
    claims = history(customers)
    recorded = Recorded(links_of(claims), ())
    number = len(claims)
    del claims
    for name, proposed in PROPOSED.items():
        before, began = resident(), time.process_time()
        found = compare(recorded, IdentityRules(), proposed)
        print(
            f"{number:,} claims, rules that concern {name}: {time.process_time() - began:.1f} s,"
            f" {resident() - before:.0f} MB more; {len(found.merged):,} merged, {len(found.split):,} split"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
