"""The versions of the rules, and how far a change has come; asked as `auditor`."""

from dataclasses import dataclass

from queries.named import query
from sinks.clickhouse.server import Connections

SHIPPED = 1


@dataclass(frozen=True)
class Version:
    """`touchpoints`: stitched rows that were folded last by it. `applied_at` in ms, 0 for what ships."""

    version: int
    applied_at: int
    touchpoints: int
    seq: int


@dataclass(frozen=True)
class Progress:
    """All versions, the oldest first; the last one holds."""

    versions: tuple[Version, ...]

    @property
    def present(self) -> Version:
        return self.versions[-1]

    @property
    def total(self) -> int:
        return sum(each.touchpoints for each in self.versions)

    @property
    def left(self) -> int:
        """Touchpoints that are yet to be folded again."""
        return self.total - self.present.touchpoints


def progress(client: Connections) -> Progress:
    """How many touchpoints each version has folded."""
    found = [Version(*row) for row in query("rules/versions").ask(client)]
    if not any(each.version == SHIPPED for each in found):
        found = [Version(SHIPPED, 0, 0, 0), *found]
    return Progress(tuple(found))


def fate_of(client: Connections, seq: int) -> tuple[str, str] | None:
    """(reason, detail) of the decision on a claim that brought rules; None: there is none yet."""
    found = query("rules/fate").ask(client, seq=seq)
    return (found[0][0].decode(), found[0][1].decode("utf-8", "replace")) if found else None
