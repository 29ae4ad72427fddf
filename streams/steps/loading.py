"""Reads what a batch lacks: whole customers, long ones from their checkpoint, nodes that came, and, where a fact touches what
was let go, the whole history once more.

A checkpoint is believed if the facts and rows of the members before its cut come to what it was made of (`Cache.believes`):
then every row that it lets nobody see is in the table as this fold would write it, whoever wrote the checkpoint, and when.
"""

from collections import Counter, defaultdict
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from schemas.fact import Fact
from schemas.ids import Id
from schemas.messages import Change
from streams.effects import Ask, Effect, Together
from streams.fold.checkpoint import layout, unpacked
from streams.fold.rules import JourneyRules
from streams.fold.told import DUPLICATE, LATE
from streams.fold.window import Known, Verdict, judge_all
from streams.steps.customers import Cache, Customer, Lack
from streams.steps.past import Past

Events = dict[tuple[int, Id], list[Known]]
_ATTACHED = {Verdict.LATE: LATE, Verdict.DUPLICATE: DUPLICATE}


def load(
    cache: Cache, rules: JourneyRules, lacks: Sequence[Lack], owners: Mapping[Id, Change], told: dict[Id, list[Fact]]
) -> Generator[Effect, Any, None]:
    """After it every owner is cached. `told`: the new facts of each; those of customers with a cut are taken in here."""
    since: dict[Id, list[Fact]] = {}
    if lacks:
        since = yield from _restore(cache, rules, lacks, {})
        yield from read(cache, rules, [lack for lack in lacks if lack.owner.customer not in since])
    news = {id: told.pop(id, []) for id in owners if cache[id].timeline.has_cut}
    torn = yield from _take_in(cache, rules, {id: since.get(id, []) + facts for id, facts in news.items()})
    if torn:
        lacks = [_whole(owners[id]) for id in torn]
        since = yield from _restore(cache, rules, lacks, torn)
        torn = yield from _take_in(cache, rules, {id: facts + news[id] for id, facts in since.items()})
        restored = since.keys() - torn.keys()
        yield from read(cache, rules, [lack for lack in lacks if lack.owner.customer not in restored])


def read(cache: Cache, rules: JourneyRules, lacks: Sequence[Lack]) -> Generator[Effect, Any, None]:
    """All facts and rows of the nodes that are lacking, in one round of queries."""
    if lacks:
        nodes = [node for lack in lacks for node in sorted(lack.nodes)]
        asks = (
            Ask("facts_of", (nodes, rules.looks)),
            Ask("stitched_versions_of", (nodes,)),
            Ask("friction_of", (nodes,)),
        )
        facts, rows, announced = (yield Together(asks)) if nodes else ([], [], [])
        cache.note(rows)
        cache.load(lacks, rules, facts, rows, announced)


def _whole(owner: Change) -> Lack:
    return Lack(owner, frozenset(member.node for member in owner.members), True)


def _restore(
    cache: Cache, rules: JourneyRules, lacks: Sequence[Lack], before: Mapping[Id, int]
) -> Generator[Effect, Any, dict[Id, list[Fact]]]:
    """Puts customers in that have a checkpoint that is believed, and whose cut is not later than `before`, if that is given;
    gives for each the facts since the cut."""
    ladders = yield from _ladders(cache, rules, lacks, before)
    pasts = yield from _believed(cache, [ladder[:1] for ladder in ladders.values()])
    doubted = [ladder[1:] for id, ladder in ladders.items() if id not in pasts and ladder[1:]]
    pasts |= yield from _believed(cache, doubted)
    if not pasts:
        return {}
    cuts = {node: past.checkpoint.cut for past in pasts.values() for node in past.lack.nodes}
    asks = Ask("facts_since", (cuts, rules.looks)), Ask("stitched_since", (cuts,)), Ask("friction_since", (cuts,))
    facts, rows, announced = yield Together(asks)
    cache.note(rows)
    since: dict[Id, list[Fact]] = defaultdict(list)
    for fact in facts:
        since[fact[0]].append(fact)
    for past in pasts.values():
        past.learn(rows, announced)
        cache.put(past.customer(rules, cache.window))
    return {id: [fact for node in past.lack.nodes for fact in since[node]] for id, past in pasts.items()}


def _ladders(
    cache: Cache, rules: JourneyRules, lacks: Sequence[Lack], before: Mapping[Id, int]
) -> Generator[Effect, Any, dict[Id, list[Past]]]:
    """The checkpoints that can be read, the newest first; none of two customers that share a node, as they do between two
    changes."""
    shared = Counter(node for lack in lacks for node in lack.nodes)
    whole = {
        lack.owner.customer: lack for lack in lacks if lack.whole and all(shared[node] == 1 for node in lack.nodes)
    }
    stored = (yield Ask("checkpoints_of", (list(whole),))) if whole else []
    cached = [checkpoint for id in whole if (checkpoint := cache.checkpoint_of(id))]
    wanted = rules.version, layout(rules)
    ladders: dict[Id, list[Past]] = defaultdict(list)
    for checkpoint in sorted({*cached, *stored}, key=lambda one: (one.version, one.cut), reverse=True):
        id = checkpoint.customer
        if (checkpoint.rules, checkpoint.layout) == wanted and checkpoint.cut <= before.get(id, checkpoint.cut):
            ladders[id].append(Past(whole[id], checkpoint, unpacked(checkpoint.state)))
    return ladders


def _believed(cache: Cache, ladders: Sequence[Sequence[Past]]) -> Generator[Effect, Any, dict[Id, Past]]:
    """The first of each ladder that is believed."""
    pasts = [past for ladder in ladders for past in ladder]
    if not pasts:
        return {}
    cuts = [(node, past.checkpoint.cut) for past in pasts for node in past.lack.nodes]
    nodes = list(dict.fromkeys(node for node, _ in cuts))
    events = list({fact[1:3] for past in pasts for fact in past.begun.facts.values()})
    prints, rows, announced = yield Together((
        Ask("fingerprints", (cuts,)), Ask("stitched_of_events", (nodes, events)), Ask("friction_of_events", (nodes, events)),
    ))  # fmt: skip
    found: dict[Id, Past] = {}
    for past in pasts:
        if past.id not in found:
            past.examine(prints, rows, announced)
            if cache.believes(past):
                found[past.id] = past
    return found


def _take_in(cache: Cache, rules: JourneyRules, told: Mapping[Id, list[Fact]]) -> Generator[Effect, Any, dict[Id, int]]:
    """Adds facts to customers with a cut. Gives those of which something before the cut would change, and since when."""
    members = {id: cache[id].nodes for id in told}
    facts = {id: list(dict.fromkeys(fact for fact in some if fact[0] in members[id])) for id, some in told.items()}
    doubtful = [cache[id] for id, some in facts.items() if any(map(cache[id].timeline.doubts, some))]
    events = (yield from _events(doubtful, facts)) if doubtful else {}
    torn = {}
    for id, some in facts.items():
        timeline, fresh = cache[id].timeline, some
        if id in events:
            verdicts = judge_all(some, events[id], timeline.cut, rules.late_after)
            if Verdict.RELOAD in verdicts:
                torn[id] = _since_when(some, verdicts, events[id])
                continue
            for fact, verdict in zip(some, verdicts, strict=True):
                if verdict in _ATTACHED:
                    timeline.attach(fact, _ATTACHED[verdict])
            fresh = [fact for fact, verdict in zip(some, verdicts, strict=True) if verdict is Verdict.FOLD]
        timeline.add(fresh)
    return torn


def _since_when(facts: Sequence[Fact], verdicts: Sequence[Verdict], events: Events) -> int:
    """The earliest time of a fact whose row may change by facts that touch what is before the cut, ms."""
    touched = {fact[1:3] for fact, verdict in zip(facts, verdicts, strict=True) if verdict is Verdict.RELOAD}
    told = [fact[3] for fact in facts if fact[1:3] in touched]
    return min([*told, *(row.event_time for event in touched for row in events.get(event, ()))])


def _events(
    customers: Sequence[Customer], waiting: Mapping[Id, list[Fact]]
) -> Generator[Effect, Any, dict[Id, Events]]:
    """What is stored of the events of doubtful facts, by customer."""
    asked = {fact[1:3] for customer in customers for fact in waiting[customer.id] if customer.timeline.doubts(fact)}
    of_node = {node: customer.id for customer in customers for node in customer.nodes}
    rows = yield Ask("stitched_of_events", (list(of_node), sorted(asked)))
    events: dict[Id, Events] = {customer.id: defaultdict(list) for customer in customers}
    for row in rows:
        events[of_node[row[0]]][row[1:3]].append(Known(row[0], row[7], row[8], row[9] == "duplicate"))
    return events
