"""What the server takes out of the raw event of a touchpoint: one parse of each of its three parts.

Money is a number or a decimal string and becomes units of 1/10,000, halves to even, as `schemas.money` has it. Anything
but the expected type reads as 0, "" or an empty array: the schemas have validated before. Of a key that stands twice in
one object the first counts here.
"""

# An amount beyond a Decimal(18, 4) must read as 0 like any other nonsense: an exception would stop the intake for good.
_AMOUNT = "roundBankers(toDecimal128OrZero({0}, 20), 4) AS {1}"
_MONEY = f"if(empty({{0}}), 0, toDecimal64(if(abs({_AMOUNT}) <= 10000000000000, {{1}}, 0), 4))"

_PROPERTIES = {
    "order_id": "String",
    "revenue": "String",
    "total": "String",
    "currency": "String",
    "coupon": "String",
    "coupon_id": "String",
    "products": "Array(Tuple(product_id String, quantity Float64, price String))",
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
    JSONExtract(raw, 'Tuple(identifiers Map(String, String), assurance Nullable(UInt8), properties String, context String)') AS e,
    JSONExtract(e.properties, '{_tuple(_PROPERTIES)}') AS p,
    JSONExtract(e.context, '{_tuple(_CONTEXT)}') AS c
"""

PARSED = {
    "assurance": "e.assurance",
    "identifiers": "mapFilter((k, v) -> notEmpty(v), e.identifiers)",
    "properties": "e.properties",
    "context": "e.context",
    "order_id": _first_of("p.order_id", "e.identifiers['order_id']"),
    "revenue": _MONEY.format("p.revenue", "a1"),
    "total": _MONEY.format("p.total", "a2"),
    "currency": "upper(p.currency)",
    "coupon": _first_of("p.coupon", "p.coupon_id"),
    "product_ids": "arrayMap(x -> x.product_id, p.products)",
    "product_quantities": "arrayMap(x -> x.quantity, p.products)",
    "product_prices": f"arrayMap(x -> {_MONEY.format('x.price', 'a3')}, p.products)",
    "path": _first_of("p.path", "c.page.path"),
    "query": "p.query",
    "metric": "p.metric",
    "score": "p.score",
    "campaign": _first_of("p.campaign_name", "p.campaign_id", "p.campaign", "c.campaign.name"),
}
