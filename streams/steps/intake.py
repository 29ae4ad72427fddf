"""Intake: public records become facts, then claims and marks (protocol.md, Intake).

Delivery: at least once. A batch that is repeated after a crash stores the same rows, claims the same pairs and marks the same
facts; all three collapse. The caller commits only after the step has returned and every local mark was folded.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.decode import Decoded, Decoder, claims_of
from schemas.decoding.who import Identifier
from schemas.fact import Fact
from schemas.ids import Id
from schemas.messages import Claim, Inbox, Mark, encode
from schemas.topics import CHANGES, CLAIMS, DECISIONS, FRICTION, INBOX
from streams.effects import Ask, Effect, Message, Send, Together, Write
from streams.steps.blocks import Records, fact_hashes, facts_first, offsets_block
from streams.view import UNKNOWN_HOME, View

Step = Generator[Effect, Any, "Taken"]


@dataclass
class Taken:
    """Marks that this worker may fold without Kafka (the short way), by inbox partition, and what was done."""

    local: dict[int, list[Mark]]
    stored: int = 0
    dead: int = 0
    claimed: int = 0


@dataclass(frozen=True)
class Topics:
    """Names of the internal topics, with the prefix of the installation."""

    claims: str = CLAIMS
    changes: str = CHANGES
    inbox: str = INBOX
    friction: str = FRICTION
    decisions: str = DECISIONS


PLAIN = Topics()
MESSAGE_BYTES = 512 * 1024  # of one inbox message; Kafka takes twice that


class KnownPairs:
    """Pairs whose claim was acknowledged, so that the claims log carries a pair once and not once per event."""

    def __init__(self, capacity: int = 500_000) -> None:
        self._pairs: OrderedDict[tuple[Id, Id], tuple[int, int]] = OrderedDict()
        self._capacity = capacity

    def know(self, fact: Fact, identifiers: Sequence[Identifier], level: int) -> bool:
        """Whether no claim of this event could teach anything."""
        node, at = fact[0], fact[3]
        return all(self._covers(node, other, at, level) for _, _, other in identifiers[1:])

    def teaches(self, claim: Claim) -> bool:
        """Whether the claim is new, earlier than known, or of a higher level."""
        return not self._covers(claim.a.node, claim.b.node, claim.first_seen, claim.level)

    def _covers(self, a: Id, b: Id, first_seen: int, level: int) -> bool:
        known = self._pairs.get((a, b))
        return known is not None and known[0] <= first_seen and known[1] >= level

    def add(self, claim: Claim) -> None:
        pair = claim.a.node, claim.b.node
        first_seen, level = self._pairs.get(pair, (claim.first_seen, claim.level))
        self._pairs[pair] = min(first_seen, claim.first_seen), max(level, claim.level)
        self._pairs.move_to_end(pair)
        if len(self._pairs) > self._capacity:
            self._pairs.popitem(last=False)


@dataclass
class Intake:
    """What a worker keeps between batches; all of it may be lost. `is_local(partition)`: may marks for it take the short way."""

    decoder: Decoder
    view: View
    partitions: int
    is_local: Callable[[int], bool]
    topics: Topics = PLAIN
    pairs: KnownPairs = field(default_factory=KnownPairs)
    stored: dict[tuple[str, int], dict[int, int]] = field(default_factory=dict)
    message_bytes: int = MESSAGE_BYTES
    rules: int = 1  # version of those by which facts are derived

    def assigned(self, topic: str, partition: int) -> None:
        """The partition came (again): what was stored beyond the committed offset must be asked for."""
        self.stored.pop((topic, partition), None)

    def take(self, batch: Sequence[Records]) -> Step:
        """One batch over any number of partitions. Raises what the effects raise; nothing may be committed then."""
        stored = yield from self._learn_stored(batch)
        yield from self.view.learn_rules()
        self._follow_rules()
        decoded = [(r, self.decoder.decode(*r[:6])) for r in batch]
        fresh = [_without(d, known) for (_, d), known in zip(decoded, stored, strict=True)]
        yield Write(facts_first(list(zip(batch, fresh, strict=True))))
        frozen, seen = yield from self.view.freeze(f.node for _, d in decoded for f in d.facts)
        claims = self._new_claims(d for _, d in decoded)
        marks = self._marks(decoded, frozen, seen)
        local = {p: marks.pop(p) for p in list(marks) if self.is_local(p)}
        sent = [Message(self.topics.claims, 0, None, encode(claim)) for claim in claims] + self._inbox(marks)
        yield Together((Send(tuple(sent)), Write((offsets_block(decoded),))))
        for claim in claims:
            self.pairs.add(claim)
        return Taken(local, sum(len(d.facts) for _, d in decoded), sum(len(d.dead) for _, d in decoded), len(claims))

    def _follow_rules(self) -> None:
        if self.view.rules is not None:
            self.rules = self.view.rules.version
            self.decoder.look_at(self.view.rules.journeys.looks)

    def _learn_stored(self, batch: Sequence[Records]) -> Generator[Effect, Any, list[dict[int, int]]]:
        found = []
        for records in batch:
            origin = records.topic, records.partition
            if origin not in self.stored:
                self.stored[origin] = yield Ask("offsets_from", (*origin, records.offsets[0]))
            found.append(self.stored[origin])
        return found

    def _new_claims(self, decoded: Iterable[Decoded]) -> list[Claim]:
        claims: dict[tuple[Id, Id, int, int], Claim] = {}
        for part in decoded:
            for fact, identifiers, level, source in zip(
                part.facts, part.identifiers, part.levels, part.sources, strict=True
            ):
                if len(identifiers) > 1 and not self.pairs.know(fact, identifiers, level):
                    for claim in claims_of(fact, identifiers, level, source):
                        if self.pairs.teaches(claim):
                            claims.setdefault((claim.a.node, claim.b.node, claim.first_seen, claim.level), claim)
        return _strongest_only(claims.values())

    def _marks(self, decoded: Sequence[tuple[Records, Decoded]], frozen: Any, seen: int) -> dict[int, list[Mark]]:
        marks: dict[int, list[Mark]] = defaultdict(list)
        for _, part in decoded:
            for fact, own in zip(part.facts, part.homes, strict=True):
                change = frozen[fact[0]]
                home = change.home
                marks[own if home == UNKNOWN_HOME else home % self.partitions].append(
                    Mark(fact[0], fact, seen, change.seq, self.rules)
                )
        return marks

    def _inbox(self, marks: dict[int, list[Mark]]) -> list[Message]:
        return [
            message
            for p, some in marks.items()
            for message in inbox_messages(self.topics.inbox, p, some, self.message_bytes)
        ]


def inbox_messages(topic: str, partition: int, marks: Sequence[Mark], limit: int) -> list[Message]:
    """The marks as few messages of at most `limit` bytes each (a single larger mark still goes out)."""
    data = encode(Inbox(tuple(marks)))
    if len(data) <= limit or len(marks) == 1:
        return [Message(topic, partition, None, data)]
    half = len(marks) // 2
    return inbox_messages(topic, partition, marks[:half], limit) + inbox_messages(topic, partition, marks[half:], limit)


def _strongest_only(claims: Iterable[Claim]) -> list[Claim]:
    """One claim per pair where one says all that the others of the batch say."""
    best: dict[tuple[Id, Id], list[Claim]] = defaultdict(list)
    for claim in claims:
        others = best[claim.a.node, claim.b.node]
        if not any(o.first_seen <= claim.first_seen and o.level >= claim.level for o in others):
            others[:] = [o for o in others if o.first_seen < claim.first_seen or o.level > claim.level] + [claim]
    return [claim for others in best.values() for claim in others]


def _without(decoded: Decoded, known: dict[int, int]) -> Decoded:
    """The same without the records that a former owner has stored before it died. An offset alone proves nothing: a topic
    that was made anew counts from 0 again."""
    if not known:
        return decoded
    hashes = fact_hashes(decoded.facts)
    stored = {offset for offset, hash in zip(decoded.offsets, hashes, strict=True) if known.get(offset) == hash}
    return decoded.without(stored) if stored else decoded
