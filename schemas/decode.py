"""Records of the public topics in, facts and dead letters out. Pure: the same records give the same facts, at any time."""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.channel import Channel
from schemas.deadletter import DeadLetter
from schemas.decoding.batch import EMPTY, Assembler, Batch, Source
from schemas.decoding.lane import Lane
from schemas.decoding.mend import Mender
from schemas.decoding.refusal import Refusal, refusal
from schemas.decoding.rules import DecodeRules
from schemas.decoding.screen import suspects
from schemas.decoding.who import Identifier
from schemas.fact import Fact
from schemas.identifiers import TYPES, home_of, key_of
from schemas.messages import Claim, Member
from schemas.topics import channel_of

__all__ = ["DecodeRules", "Decoded", "Decoder", "claims_of"]


class Decoded(NamedTuple):
    """Parallel lists for the good records, in the order of offsets, and the dead ones, also in that order.

    `homes` are partitions of the nodes' own keys; `identifiers` (type, normalised value, node) begin with the strongest;
    `raws` are the bytes as they came, or the canonical form where only the slow lane accepted the event.
    """

    facts: list[Fact]
    offsets: list[int]
    record_times: list[int]
    sources: list[str]
    raws: list[bytes]
    homes: list[int]
    identifiers: list[tuple[Identifier, ...]]
    levels: list[int]
    dead: list[DeadLetter]


class Decoder:
    """One per worker: it remembers identifiers between chunks (bounded). Not for several threads at once."""

    def __init__(self, channels: Iterable[Channel], rules: DecodeRules) -> None:
        by_name = {channel.name: channel for channel in channels}
        self._rules = rules
        self._lanes = {name: Lane(channel) for name, channel in by_name.items()}
        self._mender = Mender(by_name, rules.max_record_bytes, rules.region, rules.blocked)
        self._assembler = Assembler(rules)

    def decode(
        self,
        topic: str,
        partition: int,
        values: list[bytes | None],
        offsets: list[int],
        timestamps: list[int],
        keys: list[bytes | None],
    ) -> Decoded:
        """Records of one partition as parallel lists, timestamps in ms. Never raises for what is in a record."""
        channel = channel_of(topic, self._rules.prefix) or topic
        source = Source(partition, values, offsets, timestamps, keys)
        lane = self._lanes.get(channel)
        if lane is None:
            return _decoded(source, EMPTY, self._mended(channel, source, list(range(len(values))))[1])
        first = self._fast(lane, source)
        mended, refused = self._mended(channel, source, first.doubtful)
        second = self._assembler.batch(lane, source, list(mended), list(mended.values())) if mended else EMPTY
        refused += first.refused + second.refused + [(index, _UNSEEN) for index in second.doubtful]
        return _decoded(source, _merged(first, second), refused)

    def _fast(self, lane: Lane, source: Source) -> Batch:
        """What the fast lane takes; `doubtful` is all else."""
        largest = self._rules.max_record_bytes
        sound = [index for index, value in enumerate(source.values) if value is not None and len(value) <= largest]
        raws = [value for value in source.values if value is not None and len(value) <= largest]
        wrong = suspects(raws) if raws else set()
        if wrong:
            sound = [index for place, index in enumerate(sound) if place not in wrong]
            raws = [value for place, value in enumerate(raws) if place not in wrong]
        batch = self._assembler.batch(lane, source, sound, raws)
        if len(sound) < len(source.values):
            batch.doubtful.extend(set(range(len(source.values))).difference(sound))
        return batch

    def _mended(
        self, channel: str, source: Source, indexes: list[int]
    ) -> tuple[dict[int, bytes], list[tuple[int, Refusal]]]:
        judged = [(index, self._mender.mend(channel, source.values[index])) for index in sorted(indexes)]
        mended = {index: verdict for index, verdict in judged if isinstance(verdict, bytes)}
        return mended, [(index, verdict) for index, verdict in judged if isinstance(verdict, Refusal)]


_UNSEEN = refusal("invalid", "", "the event is valid but its canonical form was not taken; report this with the event")


def _merged(first: Batch, second: Batch) -> Batch:
    if not second.indexes:
        return first
    indexes = first.indexes + second.indexes
    order = sorted(range(len(indexes)), key=indexes.__getitem__)
    columns = [[*a, *b] for a, b in zip(first[:7], second[:7], strict=True)]
    return Batch(*[[column[place] for place in order] for column in columns], [], [])


def _decoded(source: Source, batch: Batch, refused: list[tuple[int, Refusal]]) -> Decoded:
    indexes = batch.indexes
    return Decoded(
        batch.facts,
        [source.offsets[index] for index in indexes],
        [source.times[index] for index in indexes],
        batch.sources,
        batch.raws,
        batch.homes,
        batch.identifiers,
        batch.levels,
        [_dead(source, index, why) for index, why in sorted(refused)],
    )


def _dead(source: Source, index: int, why: Refusal) -> DeadLetter:
    return DeadLetter(
        source.offsets[index], source.times[index], *why, source.values[index] or b"", source.keys[index] or b""
    )


def claims_of(fact: Fact, identifiers: tuple[Identifier, ...], level: int, source: str) -> list[Claim]:
    """A star: the event's node with each other identifier that can join people; none from a transaction."""
    joining = [identifier for identifier in identifiers if TYPES[identifier[0]].kind != "transaction"]
    if len(joining) < 2:
        return []
    center, *others = [Member(node, type, home_of(key_of(type, value))) for type, value, node in joining]
    return [Claim("link", center, other, fact.event_time, level, source, fact.event_id) for other in others]
