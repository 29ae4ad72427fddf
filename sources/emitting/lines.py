"""JSON lines: each is taken on its own, so a wrong one stops nobody but itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from throughline.errors import Backpressure, Invalid, Unavailable

_decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Report:
    """Lines that were `read` (blank ones aside), of which `taken` went on and `refused` did not."""

    read: int = 0
    taken: int = 0
    refused: int = 0


def parse(line: bytes) -> dict[str, Any]:
    """One event. Raises `Invalid` for anything but a JSON object."""
    try:
        event = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"is not JSON: {error}; write one object per line") from error
    if not isinstance(event, dict):
        raise Invalid("is no JSON object; write one object per line, as {...}")
    return event


def take(
    lines: Iterable[bytes],
    action: Callable[[bytes], object],
    refused: Callable[[int, Invalid], None],
    report: Report,
) -> None:
    """Gives every line to `action` and what that refuses to `refused`, with its number from 1; counts in `report`.

    Raises `Unavailable` that names the line at which it had to stop: that one and all after it were not sent.
    """
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        report.read += 1
        try:
            action(line)
            report.taken += 1
        except Invalid as error:
            report.refused += 1
            refused(number, error)
        except (Backpressure, Unavailable) as error:
            raise Unavailable(f"stopped at line {number}, which was not sent: {error}") from error
