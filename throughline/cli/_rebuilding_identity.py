"""The first half of a rebuild: claims from the touchpoints, and all claims decided once more."""

from collections.abc import Iterable
from dataclasses import replace

from queries import rebuilding
from schemas.decoding.rules import DecodeRules
from schemas.ids import Id
from schemas.messages import Mark
from schemas.tables import CUSTOMERS, IDENTITY_MAP, RULES, Block
from sinks.clickhouse.shadow import PREFIX, Fault
from streams.rebuild.claims import Claimant, Sighting
from streams.rebuild.identity import Replay
from streams.rules import RuleSet
from streams.steps.resolver import Resolver
from streams.worker.compose import identity_in
from throughline.cli._operator import say
from throughline.cli._rebuilding import Bench
from throughline.cli._rehearsal import rules_of
from throughline.cli._repair import send
from throughline.clock import SystemClock

ANYTHING = (1 << 63) - 1  # a seq above all: whoever gets such a mark asks the tables about its node


def claim(bench: Bench) -> None:
    """What the touchpoints claim and nobody has recorded is claimed again, for the resolver to decide."""
    store, report, size = bench.store, bench.report, rebuilding.extent(bench.client)
    recorded = store.recorded_until(store.last_claim())
    claimant = Claimant(DecodeRules.of(bench.settings), recorded.links)
    for some in rebuilding.sightings(bench.client, size):
        claimant.hear(map(Sighting._make, some))
        bench.tell("deriving claims", claimant.derived, 0)
    report.derived, report.missing = claimant.derived, len(claimant.missing)
    if claimant.missing and report.swapped:
        say(bench.settings, claimant.missing)
        bench.settle()


def decide(bench: Bench) -> RuleSet:
    """Customers and map as the resolver wrote them. Gives the rules that the log names."""
    shadow = bench.shadow
    shadow.create(IDENTITY_MAP, CUSTOMERS)
    resolver = Resolver(rules_of(None).identity, bench.settings.partitions, read=identity_in)
    replay = Replay(resolver, bench.store, shadow.insert, SystemClock().now())
    _take(bench, replay)
    shadow.feed(IDENTITY_MAP, CUSTOMERS)
    _take(bench, replay)
    bench.report.recorded = replay.claims
    faults = bench.exchange(IDENTITY_MAP, CUSTOMERS)
    if bench.report.swapped:
        _mark(bench, _concerned(bench, [fault for some in faults.values() for fault in some]))
        shadow.clear((IDENTITY_MAP, CUSTOMERS))
    return _rules(bench, replay)


def _take(bench: Bench, replay: Replay) -> None:
    last = bench.store.last_claim()
    for _ in replay.until(last):
        bench.tell("deciding claims", replay.seq, last)


def _concerned(bench: Bench, faults: Iterable[Fault]) -> set[Id]:
    """Every node of which a worker may believe what was wrong: also the members of either set of customers."""
    nodes = {fault.key[0] for fault in faults}
    for table in (CUSTOMERS, replace(CUSTOMERS, name=PREFIX + CUSTOMERS.name)):
        (members,) = bench.identity.rows(table, {"members": "ids"}, sorted(nodes))
        nodes |= {node for some in members for node in some}
    return nodes


def _mark(bench: Bench, nodes: Iterable[Id]) -> None:
    """Wherever a worker may have looked a node up while the tables were wrong, it looks again."""
    marks = [Mark(node, None, seen=0, seq=ANYTHING) for node in sorted(nodes)]
    if marks:
        send(bench.settings, dict.fromkeys(range(bench.settings.partitions), marks))
        bench.report.marks += len(marks)
        bench.settle()


def _rules(bench: Bench, replay: Replay) -> RuleSet:
    """Those that hold by the log; the table is completed if it lacks them."""
    newest, held = max(replay.rules, key=lambda row: int(row[1]), default=None), bench.store.rules()
    if newest is None:
        return rules_of(held[2] if held else None)
    if bench.report.swapped and (held is None or held[1] < newest[1]):
        bench.store.insert(Block.of(RULES, replay.rules))
    return rules_of(newest[2])
