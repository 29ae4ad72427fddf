"""What the fast lane does not see in the parts of a record that it skips, found in the bytes of many at once."""

import re
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

DEEPEST = 32
BLOCK = 512  # records; their bytes fit into the processor's cache
RUN = 50  # a number without exponent overflows from 309 digits on: then six samples in a row are digits
_overflow = re.compile(rb"[eE]\+?0*[1-9][0-9]{2,}[\s,}\]]").match  # a number ends so; a UUID does not
_string = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)?', re.DOTALL)

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


def suspects(values: Sequence[bytes]) -> set[int]:
    """Indexes of records that may hold NUL, bytes that are no UTF-8, numbers beyond a double, or too many levels.

    No record may be empty.
    """
    found: set[int] = set()
    for start in range(0, len(values), BLOCK):
        found.update(start + index for index in _block(values[start : start + BLOCK]))
    return found


def _block(values: Sequence[bytes]) -> set[int]:
    joined = b"\n".join(values)
    letters = np.frombuffer(joined, np.uint8)
    ends = np.fromiter(accumulate(len(value) + 1 for value in values), np.int64, len(values))
    found = _deep(letters, ends, values) | _large(joined, letters, ends)
    if b"\\" in joined and b"\\u0000" in joined:
        found.update(i for i, value in enumerate(values) if b"\\u0000" in value)
    if not joined.isascii() and not is_utf8(joined):
        found.update(i for i, value in enumerate(values) if not is_utf8(value))
    return found


def is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _deep(letters: Bytes, ends: npt.NDArray[np.int64], values: Sequence[bytes]) -> set[int]:
    openers = ((letters & 0xDF) == ord("[")).view(np.uint8)
    starts = np.concatenate(([0], ends[:-1]))
    many = np.add.reduceat(openers, starts, dtype=np.int64) > DEEPEST
    return {index for index in np.flatnonzero(many).tolist() if depth(values[index]) > DEEPEST}


def _large(joined: bytes, letters: Bytes, ends: npt.NDArray[np.int64]) -> set[int]:
    digit = (letters - np.uint8(48)) < 10
    places = [place for place in np.flatnonzero(_exponents(letters, digit)).tolist() if _overflow(joined, place + 1)]
    places += (np.flatnonzero(_runs(digit[::RUN])) * RUN).tolist()
    return set(np.searchsorted(ends, places, side="right").tolist())


def _exponents(letters: Bytes, digit: Flags) -> Flags:
    """Where a digit is followed by e, a digit or plus, and two digits."""
    if len(letters) < 5:
        return np.zeros(0, np.bool_)
    found: Flags = (letters[1:-3] | 0x20) == ord("e")
    found &= digit[:-4]
    found &= digit[3:-1]
    found &= digit[4:]
    return found


def _runs(samples: Flags) -> Flags:
    if len(samples) < 6:
        return np.zeros(0, np.bool_)
    count = len(samples) - 5
    found: Flags = np.logical_and.reduce([samples[i : i + count] for i in range(6)])
    return found


def depth(value: bytes) -> int:
    """Levels of objects and lists in a JSON document; brackets inside strings do not count."""
    letters = np.frombuffer(_string.sub(b"", value), np.uint8)
    step = ((letters & 0xDF) == ord("[")).astype(np.int64) - ((letters & 0xDF) == ord("]"))
    return int(step.cumsum().max(initial=0))
