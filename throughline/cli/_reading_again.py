"""Records of public topics through the intake once more, beside the workers: by a consumer without a group, so nothing is committed.

The step is the intake's. What it writes collapses with what was written before, and of facts only those are written that are
not stored; so nothing doubles, and what was lost is there again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from schemas.decode import Decoder, DecodeRules
from schemas.fact import Key
from schemas.ids import Id
from schemas.store import Store
from schemas.tables import FACTS, IDENTIFIERS, TOUCHPOINTS, Block
from sinks.clickhouse.known import unknown
from sinks.clickhouse.server import Connections
from sources.channels import discover
from streams.effects import Ask, Effect, Message, Send, Together, Write, run
from streams.rebuild.claims import RecordedPairs
from streams.rules import default, parse
from streams.steps.blocks import Records
from streams.steps.intake import Intake
from streams.view import View
from streams.worker.compose import topics_with
from throughline.errors import Unavailable
from throughline.options import Settings

AT_ONCE = 5_000  # records
ACKNOWLEDGED_WITHIN = 30.0  # s


class Offset(NamedTuple):
    number: int


class Time(NamedTuple):
    """Of Kafka, ms UTC."""

    ms: int


Place = Offset | Time | None


class Span(NamedTuple):
    """Offsets of one partition from `first` to before `end`."""

    topic: str
    partition: int
    first: int
    end: int


@dataclass
class Read:
    """Of one topic. `missing`: facts that were not stored; `claimed`: pairs that were not recorded."""

    records: int = 0
    stored: int = 0
    dead: int = 0
    missing: int = 0
    claimed: int = 0


class Log:
    """The public topics, read from where one likes. Use as a context manager; raises `Unavailable`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __enter__(self) -> "Log":
        try:
            self._consumer = KafkaConsumer(
                **self._settings.kafka.client_arguments(),
                group_id=None,
                enable_auto_commit=False,
                isolation_level="read_committed",
                max_poll_records=AT_ONCE,
            )
        except KafkaError as error:
            raise _away(error) from error
        return self

    def __exit__(self, *exc: object) -> None:
        self._consumer.close(autocommit=False)

    def spans(self, topic: str, partition: int | None, since: Place, until: Place) -> list[Span]:
        """What the log holds between two places; None is its beginning, and its end as of now."""
        try:
            numbers = sorted(self._consumer.partitions_for_topic(topic) or ())
            places = [TopicPartition(topic, number) for number in numbers if partition in (None, number)]
            first, end = self._consumer.beginning_offsets(places), self._consumer.end_offsets(places)
            since_at, until_at = self._at(places, since, first, end), self._at(places, until, end, end)
        except KafkaError as error:
            raise _away(error) from error
        spans = (Span(topic, p.partition, max(first[p], since_at[p]), min(end[p], until_at[p])) for p in places)
        return [span for span in spans if span.first < span.end]

    def _at(
        self, places: Sequence[Any], where: Place, default: Mapping[Any, int], end: Mapping[Any, int]
    ) -> Mapping[Any, int]:
        if where is None:
            return default
        if isinstance(where, Offset):
            return dict.fromkeys(places, where.number)
        found = self._consumer.offsets_for_times(dict.fromkeys(places, where.ms))
        return {place: found[place].offset if found.get(place) else end[place] for place in places}

    def read(self, spans: Sequence[Span]) -> Iterator[list[Records]]:
        """Some records of every partition at a time."""
        ends = {TopicPartition(span.topic, span.partition): span.end for span in spans}
        self._consumer.assign(list(ends))
        after = {TopicPartition(span.topic, span.partition): span.first for span in spans}
        for place, offset in after.items():
            self._consumer.seek(place, offset)
        try:
            while ends:
                found = self._consumer.poll(timeout_ms=1_000)
                kept = {place: [one for one in some if one.offset < ends[place]] for place, some in found.items()}
                yield [_records(place, after[place], some) for place, some in kept.items() if some]
                after |= {place: some[-1].offset + 1 for place, some in kept.items() if some}
                over = [place for place, end in ends.items() if self._consumer.position(place) >= end]
                for place in over:
                    del ends[place]
                self._consumer.pause(*over)
        except KafkaError as error:
            raise _away(error) from error


def _records(place: Any, first: int, some: Sequence[Any]) -> Records:
    values, keys = [one.value for one in some], [one.key for one in some]
    offsets, times = [one.offset for one in some], [one.timestamp for one in some]
    return Records(place.topic, place.partition, values, offsets, times, keys, first, offsets[-1] + 1)


def intake_of(settings: Settings, store: Store) -> Intake:
    """The intake of a worker that owns no partition: all its marks go through the inbox."""
    channels = discover()
    timeouts = {channel.name: channel.session_timeout_ms for channel in channels}
    decoder = Decoder(channels, DecodeRules.of(settings), default(timeouts).journeys.looks)
    view = View(read=partial(parse, timeouts=timeouts))
    topics = topics_with(settings.topic_prefix)
    pairs = RecordedPairs(store.recorded_until(store.last_claim()).links)
    return Intake(decoder, view, settings.partitions, lambda partition: False, topics, pairs)


@dataclass
class Rereader:
    """`lost`: nodes of which a fact was missing; whoever believes their rows to be stored has to load them again."""

    intake: Intake
    store: Store
    client: Connections
    producer: KafkaProducer
    lost: set[Id] = field(default_factory=set)
    _missing: set[Key] = field(default_factory=set)

    def take(self, batch: Sequence[Records], read: Read) -> None:
        for records in batch:
            self.intake.stored[records.topic, records.partition] = {}  # nothing is passed over as stored
        taken = run(self.intake.take(batch), self._perform)
        read.records += sum(len(records.offsets) for records in batch)
        read.stored, read.dead = read.stored + taken.stored, read.dead + taken.dead
        read.claimed, read.missing = read.claimed + taken.claimed, read.missing + len(self._missing)
        self.lost |= {key[0] for key in self._missing}
        self._missing.clear()

    def _perform(self, effect: Effect) -> Any:
        match effect:
            case Write(blocks):
                for block in blocks:
                    self._write(block)
                return None
            case Ask(method, args):
                return getattr(self.store, method)(*args)
            case Send(messages):
                return self._send(messages)
            case Together(effects):
                return [self._perform(one) for one in effects]
            case other:
                raise TypeError(f"an intake does not ask for {other}")

    def _write(self, block: Block) -> None:
        """What is stored stays as it is, also where other settings would read it in another way today."""
        if block.table in (TOUCHPOINTS, FACTS, IDENTIFIERS):
            block = unknown(self.client, block)
        if block.table is FACTS:
            self._missing = set(zip(*block.columns[:3], strict=True))
        self.store.insert(block)

    def _send(self, messages: Sequence[Message]) -> list[int]:
        try:
            futures = [
                self.producer.send(one.topic, one.value, key=one.key, partition=one.partition) for one in messages
            ]
            return [int(future.get(ACKNOWLEDGED_WITHIN).offset) for future in futures]
        except KafkaError as error:
            raise Unavailable(f"Kafka did not take claims or marks: {error}; ask again") from error


def _away(error: KafkaError) -> Unavailable:
    return Unavailable(f"Kafka does not answer: {error}; start it with `throughline up`, and ask again")
