"""Durations as a person writes them, `30 min` or `7 d`, as milliseconds."""

import re

UNITS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
MOST = 100 * 366 * UNITS["d"]
FORM = 'write a number and ms, s, min, h or d, such as "30 min"'
_WRITTEN = re.compile(r"(\d{1,15}) ?(ms|s|min|h|d)", re.ASCII)


def milliseconds(text: object) -> int:
    """Raises ValueError that says how to write it."""
    found = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(FORM)
    duration = int(found[1]) * UNITS[found[2]]
    if duration > MOST:
        raise ValueError("it is longer than 100 years")
    return duration


def written(ms: int) -> str:
    """In the largest unit that divides it."""
    unit = next(unit for unit in reversed(UNITS) if ms % UNITS[unit] == 0)
    return f"{ms // UNITS[unit]} {unit}" if ms else "0 s"
