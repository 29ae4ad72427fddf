"""Reads what a batch lacks: whole customers, long ones from their checkpoint, nodes that came, and, where a fact touches what
was let go, the whole history once more.

A checkpoint is believed if the facts and rows of the members before its cut come to what it was made of (`Cache.believes`):
then every row that it lets nobody see is in the table as this fold would write it, whoever wrote the checkpoint, and when.
"""

from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any

from schemas.fact import Fact
from schemas.ids import Id
from schemas.messages import Change
from schemas.store import Checkpoint
from streams.effects import Ask, Effect, Together
from streams.fold.checkpoint import layout, unpacked
from streams.fold.rules import JourneyRules
from streams.fold.timeline import DUPLICATE, LATE
from streams.fold.window import Known, Verdict, judge_all
from streams.steps.customers import Cache, Customer, Lack
from streams.steps.past import Past

Events = dict[tuple[int, Id], list[Known]]
_ATTACHED = {Verdict.LATE: LATE, Verdict.DUPLICATE: DUPLICATE}


def load(
    cache: Cache, rules: JourneyRules, lacks: Sequence[Lack], owners: Mapping[Id, Change], told: dict[Id, list[Fact]]
) -> Generator[Effect, Any, None]:
    """After it every owner is cached. `told`: the new facts of each; those of customers with a cut are taken in here."""
    waiting: dict[Id, list[Fact]] = {}
    if lacks:
        waiting = yield from _restore(cache, rules, lacks)
        yield from read(cache, rules, [lack for lack in lacks if lack.owner.customer not in waiting])
    windowed = [customer for id in owners if (customer := cache[id]).timeline.has_cut]
    for customer in windowed:
        facts = [fact for fact in told.pop(customer.id, ()) if fact[0] in customer.nodes]
        waiting[customer.id] = list(dict.fromkeys(waiting.get(customer.id, []) + facts))
    reload = yield from _take_in(windowed, rules, waiting)
    yield from read(cache, rules, [_whole(owners[id]) for id in reload])


def read(cache: Cache, rules: JourneyRules, lacks: Sequence[Lack]) -> Generator[Effect, Any, None]:
    """All facts and rows of the nodes that are lacking, in one round of queries."""
    if lacks:
        nodes = [node for lack in lacks for node in sorted(lack.nodes)]
        asks = tuple(Ask(name, (nodes,)) for name in ("facts_of", "stitched_versions_of", "friction_of"))
        facts, rows, announced = (yield Together(asks)) if nodes else ([], [], [])
        cache.load(lacks, rules, facts, rows, announced)


def _whole(owner: Change) -> Lack:
    return Lack(owner, frozenset(member.node for member in owner.members), True)


def _restore(cache: Cache, rules: JourneyRules, lacks: Sequence[Lack]) -> Generator[Effect, Any, dict[Id, list[Fact]]]:
    """Puts customers in whose checkpoint is believed; gives for each the facts since its cut."""
    found = yield from _candidates(cache, rules, lacks)
    if not found:
        return {}
    pasts = [Past(lack, checkpoint, unpacked(checkpoint.state)) for lack, checkpoint in found]
    cuts = {node: past.checkpoint.cut for past in pasts for node in past.lack.nodes}
    events = list({fact[1:3] for past in pasts for fact in past.begun.facts.values()})
    nodes = list(cuts)
    prints, facts, rows, announced, kept, kept_signals = yield Together((
        Ask("fingerprints", (cuts,)), Ask("facts_since", (cuts,)), Ask("stitched_since", (cuts,)),
        Ask("friction_since", (cuts,)), Ask("stitched_of_events", (nodes, events)),
        Ask("friction_of_events", (nodes, events)),
    ))  # fmt: skip
    since: dict[Id, list[Fact]] = defaultdict(list)
    for fact in facts:
        since[fact[0]].append(fact)
    restored = {}
    for past in pasts:
        past.learn(prints, [*rows, *(row[:7] for row in kept)], [*announced, *kept_signals])
        if cache.believes(past):
            cache.put(past.customer(rules, cache.window))
            restored[past.id] = [fact for node in past.lack.nodes for fact in since[node]]
    return restored


def _candidates(
    cache: Cache, rules: JourneyRules, lacks: Sequence[Lack]
) -> Generator[Effect, Any, list[tuple[Lack, Checkpoint]]]:
    """The checkpoints that can be read; none of two customers that share a node, as they do between two changes."""
    shared = Counter(node for lack in lacks for node in lack.nodes)
    whole = {
        lack.owner.customer: lack for lack in lacks if lack.whole and all(shared[node] == 1 for node in lack.nodes)
    }
    known = {id: checkpoint for id in whole if (checkpoint := cache.checkpoint_of(id))}
    asked = [id for id in whole if id not in known]
    stored = (yield Ask("checkpoints_of", (asked,))) if asked else []
    wanted = rules.version, layout(rules)
    found = [checkpoint for checkpoint in (*known.values(), *stored) if checkpoint[2:4] == wanted]
    return [(whole[checkpoint.customer], checkpoint) for checkpoint in found]


def _take_in(
    customers: Iterable[Customer], rules: JourneyRules, waiting: Mapping[Id, list[Fact]]
) -> Generator[Effect, Any, list[Id]]:
    """Adds facts to customers with a cut; gives those that must be read as a whole."""
    doubtful = [customer for customer in customers if any(map(customer.timeline.doubts, waiting[customer.id]))]
    events: dict[Id, Events] = {}
    if doubtful:
        events = yield from _events(doubtful, waiting)
    reload = []
    for customer in customers:
        facts, timeline = waiting[customer.id], customer.timeline
        if customer.id in events:
            verdicts = judge_all(facts, events[customer.id], timeline.cut, rules.late_after)
            if Verdict.RELOAD in verdicts:
                reload.append(customer.id)
                continue
            for fact, verdict in zip(facts, verdicts, strict=True):
                if verdict in _ATTACHED:
                    timeline.attach(fact, _ATTACHED[verdict])
            facts = [fact for fact, verdict in zip(facts, verdicts, strict=True) if verdict is Verdict.FOLD]
        timeline.add(facts)
    return reload


def _events(
    customers: Sequence[Customer], waiting: Mapping[Id, list[Fact]]
) -> Generator[Effect, Any, dict[Id, Events]]:
    """What is stored of the events of doubtful facts, by customer."""
    asked = {fact[1:3] for customer in customers for fact in waiting[customer.id] if customer.timeline.doubts(fact)}
    of_node = {node: customer.id for customer in customers for node in customer.nodes}
    rows = yield Ask("stitched_of_events", (list(of_node), sorted(asked)))
    events: dict[Id, Events] = {customer.id: defaultdict(list) for customer in customers}
    for row in rows:
        events[of_node[row[0]]][row[1:3]].append(Known(row[0], row[7], row[8]))
    return events
