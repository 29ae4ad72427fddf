"""What the stages of a rebuild share: what they work with, how rebuilt tables take the place of the present ones, the report.

As `migrator` a rebuild makes, exchanges and drops tables, as `worker` it reads and fills them, as `auditor` it looks around.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.tables import Table
from sinks.clickhouse.lease import Lease
from sinks.clickhouse.lookups import Lookups
from sinks.clickhouse.server import Connections
from sinks.clickhouse.shadow import PREFIX, Fault, Shadow
from sinks.clickhouse.store import ClickHouseStore
from throughline.cli._progress import Tell
from throughline.options import Settings

Faults = dict[str, list[Fault]]  # by table


@dataclass
class Line:
    """Of one table: rows rebuilt, and what was wrong at present, by kind."""

    table: str
    rows: int
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def equal(self) -> int:
        return self.rows - self.faults["differing"] - self.faults["missing"]


@dataclass
class Report:
    """`derived`: claims that the touchpoints make, of which `missing` were not recorded; `recorded`: claims that were decided
    again. `deadlines`: customers with one that nothing would have woken. `marks`: customers that workers were told to load."""

    swapped: bool
    derived: int = 0
    missing: int = 0
    recorded: int = 0
    lines: list[Line] = field(default_factory=list)
    deadlines: int = 0
    marks: int = 0
    seconds: float = 0.0

    @property
    def was_right(self) -> bool:
        return not (self.missing or self.deadlines or any(line.faults.total() for line in self.lines))


@dataclass(frozen=True)
class Bench:
    """`identity`: the customers as they are, `decided`: as they were decided again, before they take the others' place.
    `settle` returns when all that is under way now has been done, or it is in vain."""

    settings: Settings
    store: ClickHouseStore
    identity: Lookups
    decided: Lookups
    client: Connections
    shadow: Shadow
    lease: Lease
    settle: Callable[[], object]
    tell: Tell
    report: Report

    def exchange(self, *tables: Table) -> Faults:
        """Puts the rebuilt tables in place of the present ones, unless this is only a check. Gives what was wrong; what
        the workers had under way is no fault."""
        self.tell("comparing", 0, 0)
        faults = {table.name: self._faults(table) for table in tables}
        for table in tables:
            kinds = Counter(fault.kind for fault in faults[table.name])
            self.report.lines.append(Line(table.name, self.shadow.rows(table), kinds))
        if self.report.swapped:
            for table in tables:
                self.lease.require()
                self.shadow.exchange(table)
                faults[table.name] += self.shadow.faults(table, table.name, PREFIX + table.name)
        return faults

    def _faults(self, table: Table) -> list[Fault]:
        """A row on its way into both tables may differ for a moment."""
        found = list(self._look(table))
        if found:
            self.settle()
            again = set(self._look(table))
            found = [fault for fault in found if fault in again]
        return found

    def _look(self, table: Table) -> Sequence[Fault]:
        return list(self.shadow.faults(table, PREFIX + table.name, table.name))
