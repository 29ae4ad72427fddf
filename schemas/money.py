"""Money as it comes in JSON, a number or a decimal string, and as it is counted inside: integers of 1/10,000."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

SCALE = 10_000
LIMIT = 10**13  # exclusive; leaves room in a Decimal(18, 4)
PATTERN = r"^-?[0-9]{1,13}(\.[0-9]+)?$"
_matches = re.compile(PATTERN.replace("$", r"\Z")).match


def decimal_of(value: Any) -> Decimal:
    """The exact amount. A binary float counts as the decimal number it prints as, such as 59.970000000000006.

    Raises ValueError, worded for a dead letter, for all but a finite number or a plain decimal string within LIMIT.
    """
    if isinstance(value, str) and not _matches(value):
        raise ValueError(f"is not an amount; send a number or a decimal string such as 12.34, below {LIMIT}")
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("is not an amount; send a number or a decimal string such as 12.34")
    amount = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not amount.is_finite() or abs(amount) >= LIMIT:
        raise ValueError(f"is out of range; send an amount between -{LIMIT} and {LIMIT}")
    return amount


def units_of(value: float | str | Decimal) -> int:
    """The amount in 1/10,000, halves to even. `value` must be one that `decimal_of` takes."""
    if isinstance(value, float) and -1e7 < value < 1e7:
        scaled = value * SCALE
        units = round(scaled)
        if -0.49 < scaled - units < 0.49:  # far from a half, the error of binary floats cannot matter
            return units
    return int((decimal_of(value) * SCALE).to_integral_value(ROUND_HALF_EVEN))
