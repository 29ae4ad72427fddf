from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import LIMIT, decimal_of, units_of

AMOUNTS: list[tuple[float | str | Decimal, int]] = [
    (12.34, 123_400),
    ("12.34", 123_400),
    (0.1 + 0.2, 3_000),
    (59.970000000000006, 599_700),
    (-1.5, -15_000),
    (1e-9, 0),
    ("0.00005", 0),
    ("0.00015", 2),
    (Decimal("9999999999999.99"), 99_999_999_999_999_900),
]


@pytest.mark.parametrize(("value", "units"), AMOUNTS)
def test_money_is_counted_in_ten_thousandths(value: float | str | Decimal, units: int) -> None:
    assert units_of(value) == units


@given(st.floats(-1e12, 1e12))
def test_a_float_counts_as_the_decimal_it_prints_as(value: float) -> None:
    assert units_of(value) == int((Decimal(repr(value)) * 10_000).to_integral_value(ROUND_HALF_EVEN))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1,50",
        "1e3",
        "1_000",
        " 1",
        "+1",
        "1.",
        "NaN",
        "\u0661",
        True,
        None,
        [],
        float("inf"),
        float("nan"),
        LIMIT,
        -LIMIT,
    ],
)
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="send"):
        decimal_of(value)
