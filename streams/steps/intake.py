"""Intake: public records become facts, then claims and marks (protocol.md, Intake).

Delivery: at least once. A batch that is repeated after a crash stores the same rows, claims the same pairs and marks the same
facts; all three collapse. The caller commits only after the step has returned and every local mark was folded.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.decode import Decoded, Decoder, claims_of
from schemas.fact import Fact
from schemas.ids import Id
from schemas.messages import Claim, Inbox, Mark, encode
from schemas.tables import DEAD_LETTERS, FACTS, IDENTIFIERS, OFFSETS, TOUCHPOINTS, Block
from streams.effects import Ask, Effect, Message, Send, Together, Write
from streams.view import UNKNOWN_HOME, View

Step = Generator[Effect, Any, "Taken"]


class Records(NamedTuple):
    """Consecutive records of one public partition, as parallel lists. They speak for all offsets from `first` to before
    `end`; those that are not in `offsets` are not in the log."""

    topic: str
    partition: int
    values: Sequence[bytes | None]
    offsets: Sequence[int]
    timestamps: Sequence[int]  # Kafka's record time, ms
    keys: Sequence[bytes | None]
    first: int
    end: int


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

    claims: str = "identity.claims"
    changes: str = "identity.changes"
    decisions: str = "identity.decisions"
    inbox: str = "journeys.inbox"
    friction: str = "friction"


PLAIN = Topics()


class KnownPairs:
    """Pairs whose claim was acknowledged, so that the claims log carries a pair once and not once per event."""

    def __init__(self, capacity: int = 500_000) -> None:
        self._pairs: OrderedDict[tuple[Id, Id], tuple[int, int]] = OrderedDict()
        self._capacity = capacity

    def teaches(self, claim: Claim) -> bool:
        """Whether the claim is new, earlier than known, or of a higher level."""
        known = self._pairs.get((claim.a.node, claim.b.node))
        return known is None or claim.first_seen < known[0] or claim.level > known[1]

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
    stored: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    message_bytes: int = 512 * 1024

    def assigned(self, topic: str, partition: int) -> None:
        """The partition came (again): what was stored beyond the committed offset must be asked for."""
        self.stored.pop((topic, partition), None)

    def take(self, batch: Sequence[Records]) -> Step:
        """One batch over any number of partitions. Raises what the effects raise; nothing may be committed then."""
        stored = yield from self._learn_stored(batch)
        decoded = [(r, self.decoder.decode(*r[:6])) for r in batch]
        fresh = [_without(d, known) for (_, d), known in zip(decoded, stored, strict=True)]
        yield Write(_facts_first(list(zip(batch, fresh, strict=True))))
        frozen, seen = yield from self.view.freeze(f.node for _, d in decoded for f in d.facts)
        claims = self._new_claims(d for _, d in decoded)
        marks = self._marks(decoded, frozen, seen)
        local = {p: marks.pop(p) for p in list(marks) if self.is_local(p)}
        sent = [Message(self.topics.claims, 0, None, encode(claim)) for claim in claims] + self._inbox(marks)
        yield Together((Send(tuple(sent)), Write((_offsets(decoded),))))
        for claim in claims:
            self.pairs.add(claim)
        return Taken(local, sum(len(d.facts) for _, d in decoded), sum(len(d.dead) for _, d in decoded), len(claims))

    def _learn_stored(self, batch: Sequence[Records]) -> Generator[Effect, Any, list[set[int]]]:
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
                if len(identifiers) > 1:
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
                    Mark(fact[0], fact, seen, change.seq)
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


def _without(decoded: Decoded, stored: set[int]) -> Decoded:
    """The same without the records that a former owner has stored before it died."""
    return decoded.without(stored) if stored else decoded


def _facts_first(decoded: list[tuple[Records, Decoded]]) -> tuple[Block, ...]:
    facts: list[Fact] = [fact for _, part in decoded for fact in part.facts]
    wide: list[list[Any]] = [[fact[i] for fact in facts] for i in range(8)]
    sources = [source for _, part in decoded for source in part.sources]
    raws = [raw for _, part in decoded for raw in part.raws]
    narrow = wide + [[fact[i] for fact in facts] for i in range(8, 14)]
    origin = _origin([(records, part.offsets) for records, part in decoded])
    dead = [
        (r.topic, r.partition, d.offset, d.record_time, d.reason, d.field, d.message, d.raw, d.key or b"")
        for r, part in decoded
        for d in part.dead
    ]
    blocks = (
        Block(TOUCHPOINTS, [*wide, sources, *origin, raws]),
        Block(FACTS, narrow),
        Block.of(IDENTIFIERS, _identifiers(part for _, part in decoded)),
        Block.of(DEAD_LETTERS, dead),
    )
    return tuple(block for block in blocks if len(block))


def _origin(parts: Sequence[tuple[Records, Sequence[int]]]) -> list[list[Any]]:
    topics = [topic for (topic, *_), offsets in parts for topic in [topic] * len(offsets)]
    partitions = [partition for (_, partition, *_), offsets in parts for partition in [partition] * len(offsets)]
    return [topics, partitions, [offset for _, offsets in parts for offset in offsets]]


def _identifiers(decoded: Iterable[Decoded]) -> list[tuple[Id, str, str, int, int]]:
    seen: dict[Id, tuple[str, str, int, int]] = {}
    for part in decoded:
        for fact, identifiers in zip(part.facts, part.identifiers, strict=True):
            at = fact[3]
            for type, value, node in identifiers:
                known = seen.get(node)
                if known is None:
                    seen[node] = type, value, at, at
                elif not known[2] <= at <= known[3]:
                    seen[node] = type, value, min(at, known[2]), max(at, known[3])
    return [(node, *rest) for node, rest in seen.items()]


def _offsets(decoded: Sequence[tuple[Records, Decoded]]) -> Block:
    rows: list[tuple[Any, ...]] = []
    for records, part in decoded:
        origin = records.topic, records.partition
        stored = zip(part.offsets, part.record_times, part.facts, strict=True)
        rows += [(*origin, offset, at, "stored", fact_hash(fact)) for offset, at, fact in stored]
        rows += [(*origin, dead.offset, dead.record_time, "dead", 0) for dead in part.dead]
        rows += [(*origin, offset, records.timestamps[0], "gap", 0) for offset in _gaps(records)]
    return Block.of(OFFSETS, rows)


def _gaps(records: Records) -> list[int]:
    """Offsets that the log does not hold (markers of transactions, compaction)."""
    if records.end - records.first == len(records.offsets):
        return []
    return sorted(set(range(records.first, records.end)) - set(records.offsets))


def fact_hash(fact: Fact) -> int:
    """64 bits of a fact's key; equal for every copy of one event."""
    node, original, event_id = fact[0], fact[1], fact[2]
    mixed = (
        int.from_bytes(node[:8], "little")
        ^ original * 0x9E3779B97F4A7C15
        ^ int.from_bytes(event_id[:8], "little") * 0xC2B2AE3D27D4EB4F
    )
    return (mixed ^ int.from_bytes(event_id[8:], "little")) & 0xFFFFFFFFFFFFFFFF
