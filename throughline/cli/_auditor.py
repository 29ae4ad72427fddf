"""The audit with Kafka and ClickHouse at hand: what is under way is waited for before it is called wrong."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from queries.audit_balance import Ledger, ledger
from queries.audit_checks import Finding, find, still
from schemas.topics import CLAIMS, INBOX, PUBLIC
from sinks.clickhouse.server import Connections
from throughline.lag import Extent, LagReader
from throughline.options import Settings

LIMIT = 10_000  # faults of one check that are listed
STEPS = 3  # from the public topics to claims and marks, to hand-overs, to forwarded marks
LOOK_EVERY = 0.2


class Report(NamedTuple):
    """`at_rest`: nothing moved during the look. `settled`: faults that were under way have been given time to pass;
    `passed` of them did. `seconds`: what the last look took."""

    ledger: Ledger
    findings: list[Finding]
    at_rest: bool
    settled: bool
    passed: int
    seconds: float

    @property
    def is_right(self) -> bool:
        return all(each.is_right for each in self.ledger.balances) and not any(found.faults for found in self.findings)


class Auditor:
    """`patience`: seconds to wait until what was under way at a look is committed."""

    def __init__(self, settings: Settings, client: Connections, lag: LagReader, patience: float) -> None:
        self._client, self._lag, self._patience = client, lag, patience
        prefix = settings.topic_prefix
        self._public = [name for name in lag.topics() if name.startswith(prefix + PUBLIC)]
        self._read = [*self._public, prefix + CLAIMS, prefix + INBOX]

    def report(self) -> Report:
        """At rest one look; while records flow a second one, after all that was under way at the first."""
        first = self._look()
        if first.at_rest or first.is_right:
            return first
        settled = self.settle()
        second = self._look()
        findings = still(first.findings, second.findings, LIMIT)
        passed = max(0, _count(first.findings) - _count(findings))
        return second._replace(findings=findings, passed=passed, settled=settled or second.at_rest)

    def settle(self) -> bool:
        """Waits until everything that is in the topics now, and what follows, is committed; False if in vain."""
        deadline = time.monotonic() + self._patience
        for _ in range(STEPS):
            ends = {(each.topic, each.partition): each.end for each in self._extents()}
            while any(each.committed < ends[each.topic, each.partition] for each in self._extents()):
                if time.monotonic() > deadline:
                    return False
                time.sleep(LOOK_EVERY)
        return True

    def _look(self) -> Report:
        began = time.monotonic()
        before = self._extents()
        public = [each for each in before if each.topic in self._public]
        findings = find(self._client, LIMIT)
        found = ledger(self._client, public, lambda: self._lag.extents(self._public))
        at_rest = all(each.committed >= each.end for each in before) and before == self._extents()
        return Report(found, findings, at_rest, at_rest, 0, time.monotonic() - began)

    def _extents(self) -> list[Extent]:
        return self._lag.extents(self._read)


def _count(findings: Sequence[Finding]) -> int:
    return sum(len(found.faults) for found in findings)
