"""Puts a worker's parts together. What is concrete (store, decoder, rules) comes from the `throughline worker` command."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import faust

from schemas.decode import Decoder
from schemas.store import Store
from streams.identity.rules import IdentityRules
from streams.rules import default, parse
from streams.steps.customers import Cache
from streams.steps.intake import Intake, Topics
from streams.steps.journeys import Journeys
from streams.steps.resolver import Resolver
from streams.transport import Broadcast, Connection, Limits, Producer, Start, Watchdog, make_app, use_chunks
from streams.view import View
from streams.worker.desk import is_folded_at
from streams.worker.flow import Flush
from streams.worker.measures import Measures
from streams.worker.performer import Performer
from streams.worker.reading import follow
from streams.worker.worker import Parts, Worker
from throughline.clock import SystemClock

DESKS = 2
LIMITS = Limits(records=150_000, bytes=192 * 1024 * 1024)


@dataclass(frozen=True)
class Plan:
    """What a worker is made of. `group` is Kafka's consumer group, `instance` the stable name of its slot. `timeouts`: of the
    sessions of each channel, ms, where the rules do not say it."""

    group: str
    instance: str
    partitions: int
    public_topics: tuple[str, ...]
    prefix: str
    flush: Flush
    cache_bytes: int
    timeouts: Mapping[str, int]


def topics_with(prefix: str) -> Topics:
    plain = Topics()
    return replace(plain, **{name: prefix + getattr(plain, name) for name in Topics.__dataclass_fields__})


def build(plan: Plan, connection: Connection, store: Store, decoder: Decoder) -> faust.App:
    """The Faust app with everything attached; run it with `faust.Worker`."""
    app = make_app(plan.group, connection, plan.instance)
    chunks = use_chunks(app, LIMITS)
    read, shipped = partial(parse, timeouts=plan.timeouts), default(plan.timeouts)
    topics, view = topics_with(plan.prefix), View(read=read)
    decoder.look_at(shipped.journeys.looks)
    producer = Producer(connection, client_id=plan.instance)
    follower = Broadcast(topics.changes, connection, follow(view), start=Start.END)
    cache = plan.cache_bytes // DESKS
    journeys = tuple(Journeys(shipped.journeys, view, plan.partitions, Cache(cache), topics) for _ in range(DESKS))
    intake = Intake(decoder, view, plan.partitions, partial(is_folded_at, journeys), topics)
    parts = Parts(
        intake=intake,
        journeys=journeys,
        resolver=Resolver(shipped.identity, plan.partitions, topics, identity_in),
        performer=Performer(store, producer, follower, view),
        measures=Measures(),
        public_topics=plan.public_topics,
        clock=SystemClock().now,
    )
    worker = Worker(app, parts, plan.flush)
    chunks.listen(worker)
    for service in (producer, follower, worker, Watchdog(chunks)):
        app.add_dependency(service)
    return app


def identity_in(text: str) -> IdentityRules:
    """Of the text of a rules file; raises ConfigurationError with lines and reasons."""
    return parse(text).identity
