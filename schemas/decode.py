"""Records of the public topics in, facts and dead letters out. Pure: the same records give the same facts."""

from collections.abc import Iterable, Sequence, Set
from functools import lru_cache
from itertools import compress
from typing import Any, NamedTuple

from schemas.channel import Channel
from schemas.deadletter import DeadLetter
from schemas.decoding.batch import NOTHING, Accepted, Assembler, Batch, Source, merged
from schemas.decoding.lane import Lane
from schemas.decoding.mend import Mender
from schemas.decoding.refusal import Refusal, refusal
from schemas.decoding.rules import DecodeRules
from schemas.decoding.screen import suspects
from schemas.decoding.who import Identifier
from schemas.fact import Fact
from schemas.identifiers import TYPES, home_of, key_of
from schemas.ids import Id
from schemas.looks import NOTHING as NOTHING_NAMED
from schemas.looks import Looks
from schemas.messages import Claim, Member
from schemas.topics import channel_of

__all__ = ["DecodeRules", "Decoded", "Decoder", "claims_from", "claims_of"]


class Decoded(NamedTuple):
    """Parallel lists for the good records, in the order of offsets, and the dead ones, also in that order.

    `homes` are partitions of the nodes' own keys; `identifiers` (type, normal value, node) begin with the strongest;
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

    def without(self, offsets: Set[int]) -> "Decoded":
        """The same without the records at these offsets."""
        kept = [offset not in offsets for offset in self.offsets]
        columns: list[list[Any]] = [list(compress(column, kept)) for column in self[:-1]]
        return Decoded._make([*columns, [letter for letter in self.dead if letter.offset not in offsets]])


class Decoder:
    """One per worker: it remembers identifiers between chunks (bounded). Not for several threads at once."""

    def __init__(self, channels: Iterable[Channel], rules: DecodeRules, looks: Looks = NOTHING_NAMED) -> None:
        by_name = {channel.name: channel for channel in channels}
        self._rules = rules
        self._lanes = {name: Lane(channel) for name, channel in by_name.items()}
        self._mender = Mender(by_name, rules.max_record_bytes, rules.region, rules.blocked)
        self._assembler = Assembler(rules, looks)

    def look_at(self, looks: Looks) -> None:
        """From now on facts carry the properties that these rules name."""
        self._assembler.looks = looks

    def decode(
        self,
        topic: str,
        partition: int,
        values: Sequence[bytes | None],
        offsets: Sequence[int],
        timestamps: Sequence[int],
        keys: Sequence[bytes | None],
    ) -> Decoded:
        """Records of one partition as parallel lists, timestamps in ms. Never raises for what is in a record."""
        channel = channel_of(topic, self._rules.prefix) or topic
        source = Source(partition, values, offsets, timestamps, keys)
        lane = self._lanes.get(channel)
        if lane is None:
            return _decoded(source, NOTHING, self._mended(channel, source, range(len(values)))[1])
        first = self._fast(lane, source)
        mended, refused = self._mended(channel, source, first.doubtful)
        second = self._assembler.batch(lane, source, list(mended), list(mended.values()))
        refused += [*first.refused, *second.refused, *((index, _UNSEEN) for index in second.doubtful)]
        return _decoded(source, merged(first.accepted, second.accepted), refused)

    def _fast(self, lane: Lane, source: Source) -> Batch:
        """What the fast lane takes; `doubtful` is all else."""
        largest, values = self._rules.max_record_bytes, source.values
        indexes = [index for index, value in enumerate(values) if value and len(value) <= largest]
        raws = [values[index] or b"" for index in indexes]
        wrong = suspects(raws)
        if wrong:
            indexes = [index for place, index in enumerate(indexes) if place not in wrong]
            raws = [values[index] or b"" for index in indexes]
        batch = self._assembler.batch(lane, source, indexes, raws)
        rest = set(range(len(values))).difference(indexes) if len(indexes) < len(values) else ()
        return batch._replace(doubtful=(*batch.doubtful, *rest))

    def _mended(
        self, channel: str, source: Source, indexes: Iterable[int]
    ) -> tuple[dict[int, bytes], list[tuple[int, Refusal]]]:
        judged = [(index, self._mender.mend(channel, source.values[index])) for index in sorted(indexes)]
        mended = {index: verdict for index, verdict in judged if isinstance(verdict, bytes)}
        return mended, [(index, verdict) for index, verdict in judged if isinstance(verdict, Refusal)]


_UNSEEN = refusal("invalid", "", "the event is valid but its canonical form was not taken; report this with the event")


def _decoded(source: Source, accepted: Accepted, refused: list[tuple[int, Refusal]]) -> Decoded:
    return Decoded(
        accepted.facts,
        [source.offsets[index] for index in accepted.indexes],
        [source.times[index] for index in accepted.indexes],
        accepted.sources,
        accepted.raws,
        accepted.homes,
        accepted.identifiers,
        accepted.levels,
        [_dead(source, index, why) for index, why in sorted(refused)],
    )


def _dead(source: Source, index: int, why: Refusal) -> DeadLetter:
    return DeadLetter(
        source.offsets[index], source.times[index], *why, source.values[index] or b"", source.keys[index] or b""
    )


def claims_of(fact: Fact, identifiers: tuple[Identifier, ...], level: int, source: str) -> list[Claim]:
    """A star: the event's node with each other identifier that can join people; none from a transaction."""
    return claims_from(identifiers, level, source, fact.event_time, fact.event_id)


def claims_from(
    identifiers: tuple[Identifier, ...], level: int, source: str, first_seen: int, event_id: Id
) -> list[Claim]:
    """The same of an event that is known by its identifiers, the strongest first."""
    members = _joining(identifiers)
    return [Claim("link", members[0], other, first_seen, level, source, event_id) for other in members[1:]]


@lru_cache(maxsize=1 << 16)
def _joining(identifiers: tuple[Identifier, ...]) -> tuple[Member, ...]:
    return tuple(
        Member(node, type, home_of(key_of(type, value)))
        for type, value, node in identifiers
        if TYPES[type].kind != "transaction"
    )
