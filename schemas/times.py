"""Timestamps: RFC 3339 text to integer milliseconds UTC, one at a time and a whole slice at once."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

EXAMPLE = "2026-11-25T07:12:03.000Z"
BAD = -(1 << 62)  # stands for a text that is not a timestamp
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_parts = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII).match


def moment_of(text: str) -> datetime:
    """An aware datetime in UTC, cut to milliseconds. Raises ValueError, worded for a dead letter."""
    parts = _parts(text)
    if parts is None:
        raise ValueError(f"is not an RFC 3339 timestamp with a time zone; send it as {EXAMPLE}")
    day, time, fraction, zone = parts.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time}.{(fraction or '.')[1:4]:0<3}{zone.upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"is not a date and time of the calendar; send it as {EXAMPLE}") from None
    return moment


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime, rounded down."""
    return (moment - _EPOCH) // _MS


def to_text(moment: datetime) -> str:
    """The canonical form: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _one(text: str) -> int:
    try:
        return to_ms(moment_of(text))
    except ValueError:
        return BAD


_LENGTH = len(EXAMPLE)
_PUNCTUATION = np.frombuffer(EXAMPLE.encode(), np.uint8)
_MARKS = np.array([4, 7, 10, 13, 16, 19, 23])
_DIGITS = np.array([i for i in range(_LENGTH) if i not in (4, 7, 10, 13, 16, 19, 23)])
_DAYS_BEFORE_MONTH = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])
_DAYS_IN_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def parse_all(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Milliseconds of each text, BAD where it is not a timestamp. The canonical form costs least."""
    joined = "".join(texts)
    if len(joined) == _LENGTH * len(texts) and joined.isascii() and set(map(len, texts)) == {_LENGTH}:
        return _canonical(joined, texts)
    return _mixed(texts)


def _mixed(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    result = np.fromiter((BAD if len(t) == _LENGTH else _one(t) for t in texts), np.int64, len(texts))
    even = [i for i, text in enumerate(texts) if len(text) == _LENGTH]
    if even:
        chosen = [texts[i] for i in even]
        joined = "".join(chosen)
        result[even] = _canonical(joined, chosen) if joined.isascii() else [_one(text) for text in chosen]
    return result


def _canonical(joined: str, texts: Sequence[str]) -> npt.NDArray[np.int64]:
    letters = np.frombuffer(joined.encode(), np.uint8).reshape(-1, _LENGTH)
    digits = letters[:, _DIGITS].astype(np.int64) - 48
    values, good = _calendar(digits)
    good &= (letters[:, _MARKS] == _PUNCTUATION[_MARKS]).all(axis=1) & ((digits >= 0) & (digits <= 9)).all(axis=1)
    for i in np.flatnonzero(~good).tolist():
        values[i] = _one(texts[i])
    return values


def _calendar(d: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    century, year, month, day, hour, minute, second = (d[:, i] * 10 + d[:, i + 1] for i in range(0, 14, 2))
    year = century * 100 + year
    known = (month >= 1) & (month <= 12)
    month = np.where(known, month, 1)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = _DAYS_IN_MONTH[month] + (leap & (month == 2))
    good = known & (year >= 1) & (day >= 1) & (day <= longest) & (hour < 24) & (minute < 60) & (second < 60)
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 - 719_163
    days += _DAYS_BEFORE_MONTH[month] + (leap & (month > 2)) + day
    millis = d[:, 14] * 100 + d[:, 15] * 10 + d[:, 16]
    return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + millis, good
