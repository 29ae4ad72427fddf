"""What is true of the records, from outside of the product: the package's own tables and what the generator knows."""

import json
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sources import complete_journey
from sources.complete_journey import Totals
from sources.generator import Item
from tests.pipeline.house import House, Record

TOTALS = f"""
SELECT loyalty_id, countIf(event = 'Order Completed'), sumIf(length(product_ids), event = 'Order Completed'),
    toInt64(sum(revenue) * 100), countIf(event = 'Campaign Delivered'), countIf(event = 'Coupon Applied')
FROM touchpoints
JOIN (SELECT customer_id, value AS loyalty_id FROM identities WHERE type = 'loyalty_id') AS cards USING customer_id
WHERE source = '{complete_journey.SOURCE}'
GROUP BY loyalty_id
"""


def totals(house: House) -> dict[str, Totals]:
    """By loyalty_id of the customer to whom they were stitched, from the views of the analysts."""
    return {card.decode(): Totals(*row) for card, *row in house.ask(TOTALS)}


def true_totals(households: Iterable[int]) -> dict[str, Totals]:
    """By loyalty_id, straight from the package's tables; not every number is a household."""
    truth = complete_journey.truth()
    return {card: truth[card] for card in map(str, households) if card in truth}


def people(records: Iterable[Record | Item]) -> set[frozenset[UUID]]:
    """The event ids of each true person."""
    found: dict[str, set[UUID]] = defaultdict(set)
    for record in records:
        if not isinstance(record, Item):
            found[f"household:{(record.key or b'').decode().partition(':')[2]}"].add(_event_id(record))
        elif record.person:
            found[record.person].add(_event_id(record))
    return set(map(frozenset, found.values()))


def customers(house: House) -> set[frozenset[UUID]]:
    """The event ids of each customer that was found."""
    return {frozenset(ids) for (ids,) in house.ask("SELECT groupArray(event_id) FROM touchpoints GROUP BY customer_id")}


def _event_id(record: Record | Item) -> UUID:
    return UUID(json.loads(record.value or b"")["event_id"])
