"""What must stand in the tables: `resolve` and `fold` over the whole history at once, from the records themselves."""

from collections import defaultdict
from collections.abc import Iterable

from schemas.decode import Decoder, DecodeRules, claims_of
from schemas.fact import Fact, Key
from schemas.ids import Id
from schemas.messages import Claim
from sources.channels import discover
from streams.fold.defaults import default_rules
from streams.fold.fold import fold
from streams.identity.resolve import resolve
from streams.identity.rules import IdentityRules
from streams.steps.rows import row_hash
from tests.pipeline.house import House, Record

Rows = dict[Key, tuple[Id, int]]  # customer and hash of the stitched row


def reference(house: House, records: Iterable[Record], now: int, said: Iterable[Claim] = ()) -> Rows:
    """The stitched rows for these records and the claims of operators in any order; `now` in ms decides the deadlines."""
    rules = default_rules(discover())
    decoder = Decoder(discover(), DecodeRules.of(house.settings), rules.looks)
    facts: dict[Key, Fact] = {}
    claims = list(said)
    by_topic: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_topic[record.topic].append(record)
    for topic, some in by_topic.items():
        places, times = list(range(len(some))), [now] * len(some)
        found = decoder.decode(topic, 0, [r.value for r in some], places, times, [r.key for r in some])
        for fact, ids, level, source in zip(found.facts, found.identifiers, found.levels, found.sources, strict=True):
            facts[fact.key] = max(fact, facts.get(fact.key, fact), key=lambda f: f.version)
            claims += claims_of(fact, ids, level, source)
    owner = resolve(claims, IdentityRules()).customer_of
    customers: dict[Id, list[Fact]] = defaultdict(list)
    for fact in facts.values():
        customers[owner.get(fact.node, fact.node)].append(fact)
    return {
        key: (customer, row_hash(customer, facts[key], row))
        for customer, some_facts in customers.items()
        for key, row in fold(some_facts, rules, now).items()
    }


def stitched(house: House) -> Rows:
    """The same from the table."""
    ids = ", ".join(f"reinterpretAsFixedString({name})" for name in ("node", "event_id", "customer_id"))
    table = f"{house.settings.clickhouse.store_database}.stitched"
    query = f"SELECT {ids}, toUnixTimestamp64Milli(original_timestamp), row_hash FROM {table} FINAL"
    return {(node, at, event_id): (customer, hash) for node, event_id, customer, at, hash in house.ask(query)}
