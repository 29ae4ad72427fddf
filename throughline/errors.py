"""Every error that Throughline raises on purpose.

ThroughlineError
 |- ConfigurationError   a setting is missing or wrong; the message names it and the remedy
 |- Unavailable          a server or file that must answer does not
 |- HeldByOther          another process holds what must have one holder
 |- Fenced               a newer owner of the partition has registered; drop its cache and rejoin
 |- Backpressure         control: slow down and retry the same input; nothing was lost
 `- Invalid              control: this one input is a dead letter, with reason and field

Messages say what is wrong, where, and what to do, in that order. Anything else that escapes is a bug and crashes.
"""

from collections.abc import Iterable


class ThroughlineError(Exception):
    """Something went wrong that the message explains."""


class ConfigurationError(ThroughlineError):
    """`clickhouse.port = "x"` is not a number; set THROUGHLINE_CLICKHOUSE__PORT."""


class Unavailable(ThroughlineError):
    """Kafka at 127.0.0.1:9092 does not answer; start it with `throughline up`."""


class HeldByOther(ThroughlineError):
    """/srv/.throughline is held by pid 4711 since 2026-11-25T07:12:03Z; stop that with `throughline down`."""

    def __init__(self, what: str, pid: int, since: str, remedy: str = "stop it with `throughline down`") -> None:
        super().__init__(f"{what} is held by pid {pid} since {since}; {remedy}")
        self.what, self.pid, self.since = what, pid, since


class Fenced(ThroughlineError):
    """Inbox partitions 3, 5 have a newer owner; drop their cache, commit nothing, rejoin."""

    def __init__(self, partitions: Iterable[int]) -> None:
        self.partitions = tuple(partitions)
        named = ", ".join(map(str, self.partitions))
        super().__init__(f"inbox partitions {named} have a newer owner; drop their cache, commit nothing, rejoin")


class Backpressure(ThroughlineError):
    """The sink holds 100000 rows; retry after 0.5 s."""

    def __init__(self, reason: str, retry_after: float = 0.5) -> None:
        super().__init__(f"{reason}; retry after {retry_after} s")
        self.reason, self.retry_after = reason, retry_after


class Invalid(ThroughlineError):
    """timestamp: 1970-01-01T00:00:00Z lies before 2000-01-01.

    `reason` is a sentence for people, `field` the dotted path into the event, or "" for the record as a whole.
    """

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.reason, self.field = reason, field
