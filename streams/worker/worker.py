"""The thin Faust shell: three agents and a follower around the pure steps. All rules live in `streams.steps`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import faust
from mode import Service

from streams.steps.blocks import Records
from streams.steps.intake import Intake
from streams.steps.journeys import Item, Journeys
from streams.steps.resolver import Resolver
from streams.transport import Chunk, PartitionListener
from streams.transport.ownership import Partitions
from streams.worker.desk import Desk, Desks
from streams.worker.flow import Batch, Flush, Gate
from streams.worker.measures import Measures
from streams.worker.performer import Performer
from streams.worker.reading import Said, claims_of, in_a_row, items_of

TICK = 0.25  # s; deadlines that have come are looked for at least as often
CLAIMS_AT_ONCE = 4_000  # they are decided in one go, while nothing else has its turn: 0.2 s
BREATH = 0.02  # s; and at most as often, while many have come


@dataclass(frozen=True)
class Parts:
    """What the composition root hands over."""

    intake: Intake
    journeys: tuple[Journeys, ...]  # one for each desk
    resolver: Resolver
    performer: Performer
    measures: Measures
    public_topics: tuple[str, ...]
    clock: Callable[[], int]  # ms UTC


class Worker(Service, PartitionListener):
    """Owns the gates between agents and steps. An exception anywhere in it crashes the process; the supervisor restarts it."""

    def __init__(self, app: faust.App, parts: Parts, flush: Flush, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.app, self.parts = app, parts
        self._intake: Gate[Records] = Gate(self._take_records, flush, lanes=2)
        soon = replace(flush, seconds=flush.seconds / 4)  # most of what comes to a desk has waited in a batch before
        shared = parts.performer, parts.measures, parts.clock, soon
        self.desks = Desks([Desk(journeys, *shared) for journeys in parts.journeys])
        self._claims: Gate[Said] = Gate(self._take_claims, replace(flush, records=CLAIMS_AT_ONCE, seconds=0.0))
        self._agents()

    def _agents(self) -> None:
        topics = self.parts.intake.topics
        self.app.agent(self.app.topic(*self.parts.public_topics), name="intake")(self._read_touchpoints)
        self.app.agent(self.app.topic(topics.inbox), name="journeys")(self._read_inbox)
        self.app.agent(self.app.topic(topics.claims), name="resolver")(self._read_claims)

    # agents: they only put chunks into gates

    async def _read_touchpoints(self, stream: Any) -> None:
        async for event in stream.noack().events():
            chunk: Chunk = event.value
            records = Records(
                chunk.topic, chunk.partition, chunk.values, chunk.offsets, chunk.timestamps, chunk.keys,
                chunk.first_offset, chunk.next_offset,
            )  # fmt: skip
            self._intake.put([records], len(chunk), event.ack)

    async def _read_inbox(self, stream: Any) -> None:
        async for event in stream.noack().events():
            self.desks.put(items_of(event.value), event.ack)

    async def _read_claims(self, stream: Any) -> None:
        async for event in stream.noack().events():
            said = Said(*claims_of(event.value), event.message.renew)
            self._claims.put([said], len(said.claims), event.ack)

    # handlers: they run steps

    async def _take_records(self, batch: Batch[Records]) -> None:
        with self.parts.measures.taking(batch.weight) as note:
            taken = await self.parts.performer.drive(self.parts.intake.take(batch.inputs))
            note(taken)
        self.desks.put([Item(p, mark) for p, marks in taken.local.items() for mark in marks], batch.finish)

    async def _take_claims(self, batch: Batch[Said]) -> None:
        """One batch at a time; what came meanwhile is the next."""
        for offsets, claims in in_a_row(batch.inputs):
            with self.parts.measures.resolving(len(claims)):
                step = self.parts.resolver.take(offsets, claims, self.parts.clock())
                await self.parts.performer.drive(step, lambda: [said.renew() for said in batch.inputs])
        batch.finish()

    # partitions

    async def gained(self, partitions: Partitions, generation: int) -> None:
        topics = self.parts.intake.topics
        for tp in partitions:
            if tp.topic == topics.claims:
                self.parts.resolver.forget()
            elif tp.topic != topics.inbox:
                self.parts.intake.assigned(tp.topic, tp.partition)
        mine = sorted(tp.partition for tp in partitions if tp.topic == topics.inbox)
        await asyncio.gather(*(self.desks.of(partition).assign(partition) for partition in mine))

    async def draining(self, partitions: Partitions) -> None:
        await self._intake.settle()
        await self.desks.settle()

    async def lost(self, partitions: Partitions) -> None:
        for tp in partitions:
            if tp.topic == self.parts.intake.topics.inbox:
                self.desks.of(tp.partition).journeys.revoke(tp.partition)

    # services

    @Service.task
    async def _run_intake(self) -> None:
        await self._intake.run()

    @Service.task
    async def _run_resolver(self) -> None:
        await self._claims.run()

    @Service.task
    async def _run_journeys(self) -> None:
        await self.desks.run()

    @Service.task
    async def _watch_deadlines(self) -> None:
        while not self.should_stop:
            left = min(desk.wake() for desk in self.desks)
            await self.sleep(min(max(left, BREATH), TICK))
            self.parts.measures.holding(self.parts.journeys)
            self.parts.measures.sweeping(desk.sweep for desk in self.desks)

    @Service.task
    async def _look_ahead(self) -> None:
        while not self.should_stop:
            await self.sleep(TICK)
            await asyncio.gather(*(desk.look_ahead() for desk in self.desks))

    @Service.task
    async def _look_for_stale(self) -> None:
        while not self.should_stop:
            await self.sleep(TICK)
            await asyncio.gather(*(desk.look_for_stale() for desk in self.desks))

    async def on_stop(self) -> None:
        self.parts.performer.close()
