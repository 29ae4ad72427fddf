"""The second half of a rebuild: every customer folded once more, beside the workers."""

from collections.abc import Iterable, Iterator, Sequence

from queries import rebuilding
from queries.audit import deadlines_missing, identifiers_of
from schemas.identifiers import home_of, key_of
from schemas.ids import Id
from schemas.messages import Change
from schemas.tables import FRICTION, STITCHED, Block
from streams.rebuild.journeys import Stored, fold_again
from streams.rules import RuleSet
from streams.view import alone
from throughline.cli._rebuilding import Bench
from throughline.cli._repair import load_again
from throughline.clock import SystemClock

FACTS_AT_ONCE = 30_000
DEADLINES = 1_000_000  # that are looked for
Place = tuple[Id, Id, int]  # node, customer by the map, facts


def fold_all(bench: Bench, rules: RuleSet) -> None:
    """Rebuilds `stitched` and `friction`. What workers write meanwhile goes into both sets of tables."""
    shadow, size, folded = bench.shadow, rebuilding.extent(bench.client), 0
    shadow.create(FRICTION, STITCHED)
    shadow.feed(FRICTION, STITCHED)
    for some in rebuilding.nodes(bench.client, size):
        for portion in portions(some, FACTS_AT_ONCE):
            _fold(bench, [node for node, _, _ in portion], rules)
            folded += sum(facts for _, _, facts in portion)
            bench.tell("folding", min(folded, size.facts), size.facts)
    bench.settle()
    faults = bench.exchange(FRICTION, STITCHED)
    sleeping = deadlines_missing(bench.client, DEADLINES)
    bench.report.deadlines = len(sleeping)
    if bench.report.swapped:
        wrong = {fault.key[0] for some in faults.values() for fault in some if fault.kind != "surplus"}
        _mark(bench, wrong | {each.node for each in sleeping})


def portions(nodes: Iterable[Place], most: int) -> Iterator[list[Place]]:
    """Some customers at a time, each whole: about `most` facts, or one customer with more."""
    portion: list[Place] = []
    facts = 0
    for place in nodes:
        if facts >= most and portion[-1][1] != place[1]:
            yield portion
            portion, facts = [], 0
        portion.append(place)
        facts += place[2]
    if portion:
        yield portion


def _fold(bench: Bench, nodes: Sequence[Id], rules: RuleSet) -> None:
    store, moment = bench.store, (SystemClock().now(), bench.settings.partitions)
    owners = _owners(bench, nodes)
    members = sorted({member.node for owner in owners for member in owner.members})
    rows, signals = store.stitched_versions_of(members), store.friction_of(members)
    stored = Stored.of(store.facts_of(members, rules.journeys.looks), rows, signals)
    lonely = [owner.customer for owner in owners if not owner.seq]
    homes = {node: home_of(key_of(type, value)) for node, type, value in identifiers_of(bench.client, lonely)}
    made = fold_again(owners, homes, stored, rules.journeys, moment)
    for table, some in ((FRICTION, made.friction), (STITCHED, made.stitched)):
        if some:
            bench.shadow.insert(Block.of(table, some))


def _owners(bench: Bench, nodes: Sequence[Id]) -> list[Change]:
    """The customers of these nodes, each once; in a check those that were decided again."""
    found = (bench.identity if bench.report.swapped else bench.decided).customers_of(nodes)
    owners = (found.get(node) or alone(node) for node in nodes)
    return list({owner.customer: owner for owner in owners}.values())


def _mark(bench: Bench, nodes: set[Id]) -> None:
    if nodes:
        bench.tell("loading again what was wrong", 0, 0)
        bench.report.marks += load_again(bench.settings, sorted(nodes)).marks
        bench.settle()
