"""What the server takes out of the raw event of a touchpoint: one parse of each of its three parts.

Money is read as Float64 and rounded to 1/10,000, half to even, as Python's `round` does; a text that is a number counts
as that number. Anything but the expected type reads as 0, "" or an empty array: the schemas have validated before.
"""

_MONEY = "reinterpret(toInt64(round({} * 10000)), 'Decimal(18, 4)')"

_PROPERTIES = {
    "order_id": "String",
    "revenue": "Float64",
    "total": "Float64",
    "currency": "String",
    "coupon": "String",
    "coupon_id": "String",
    "products": "Array(Tuple(product_id String, quantity Float64, price Float64))",
    "path": "String",
    "query": "String",
    "metric": "String",
    "score": "Nullable(Float64)",
    "campaign": "String",
    "campaign_id": "String",
    "campaign_name": "String",
}
_CONTEXT = {"page": "Tuple(path String)", "campaign": "Tuple(name String)"}


def _tuple(fields: dict[str, str]) -> str:
    return "Tuple(" + ", ".join(f"{name} {type}" for name, type in fields.items()) + ")"


def _first_of(*values: str) -> str:
    """The first text that is not empty."""
    *rest, last = values
    return f"multiIf({', '.join(f'notEmpty({value}), {value}' for value in rest)}, {last})"


WITH = f"""WITH
    JSONExtract(raw, 'Tuple(identifiers Map(String, String), properties String, context String)') AS e,
    JSONExtract(e.properties, '{_tuple(_PROPERTIES)}') AS p,
    JSONExtract(e.context, '{_tuple(_CONTEXT)}') AS c
"""

PARSED = {
    "identifiers": "mapFilter((k, v) -> notEmpty(v), e.identifiers)",
    "properties": "e.properties",
    "context": "e.context",
    "order_id": _first_of("p.order_id", "e.identifiers['order_id']"),
    "revenue": _MONEY.format("p.revenue"),
    "total": _MONEY.format("p.total"),
    "currency": "p.currency",
    "coupon": _first_of("p.coupon", "p.coupon_id"),
    "product_ids": "arrayMap(x -> x.product_id, p.products)",
    "product_quantities": "arrayMap(x -> x.quantity, p.products)",
    "product_prices": f"arrayMap(x -> {_MONEY.format('x.price')}, p.products)",
    "path": _first_of("p.path", "c.page.path"),
    "query": "p.query",
    "metric": "p.metric",
    "score": "p.score",
    "campaign": _first_of("p.campaign_name", "p.campaign_id", "p.campaign", "c.campaign.name"),
}
