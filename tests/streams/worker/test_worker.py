"""The worker between agents and steps, over Kafka and the store in memory."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from types import SimpleNamespace
from typing import Any

from faust.types import TP
from msgspec.structs import replace

from schemas.messages import Claim, Inbox, Mark, encode
from schemas.tables import CLAIMS, STITCHED
from sinks.memory import MemoryStore
from streams.identity.rules import IdentityRules
from streams.steps.blocks import facts_block
from streams.steps.customers import Cache
from streams.steps.intake import Intake
from streams.steps.journeys import Item, Journeys
from streams.steps.resolver import Resolver
from streams.transport import Chunk, Connection, make_app
from streams.transport.chunk import Columns, chunk_of
from streams.transport.memory import MemoryBroadcast, MemoryKafka
from streams.view import View
from streams.worker.desk import is_folded_at
from streams.worker.flow import Flush
from streams.worker.measures import Measures
from streams.worker.performer import Performer
from streams.worker.reading import Said, follow, in_a_row
from streams.worker.worker import Parts, Worker
from tests.streams.steps.outside import AT, PARTITIONS, RULES, decoder, fact, mark, member

ANN, COOKIE = member("email", "ann@x.org"), member("anonymous_id", "c1")
HOME, OTHER = ANN.home % PARTITIONS, (ANN.home + 1) % PARTITIONS


class House:
    """A worker with inbox partitions of its own; `acked` are the chunks that it has finished."""

    def __init__(self, desks: int = 2) -> None:
        self.store, self.kafka, view = MemoryStore(), MemoryKafka(), View()
        self.follower = MemoryBroadcast("identity.changes", self.kafka, follow(view))
        journeys = tuple(Journeys(RULES, view, PARTITIONS, Cache()) for _ in range(desks))
        parts = Parts(
            intake=Intake(decoder(), view, PARTITIONS, partial(is_folded_at, journeys)),
            journeys=journeys,
            resolver=Resolver(IdentityRules(), PARTITIONS),
            performer=Performer(self.store, self.kafka, self.follower, view),
            measures=Measures(),
            public_topics=("touchpoints.website",),
            clock=lambda: AT,
        )
        self.worker = Worker(make_app("tests", Connection("127.0.0.1:1")), parts, Flush(records=1_000, seconds=0.01))
        self.acked: list[int] = []

    def stream(self, *chunks: Chunk) -> Any:
        """What an agent is given: an event for each chunk."""

        async def events() -> Any:
            for chunk in chunks:
                message = SimpleNamespace(renew=lambda: None)
                yield SimpleNamespace(value=chunk, ack=partial(self.acked.append, chunk.partition), message=message)

        return SimpleNamespace(noack=lambda: SimpleNamespace(events=events))

    async def reads(self, agent: Callable[[Any], Coroutine[Any, Any, None]], *chunks: Chunk) -> None:
        for chunk in chunks:
            await agent(self.stream(chunk))

    async def works(self) -> None:
        """Until nothing is under way."""
        runs = asyncio.create_task(self.worker.desks.run())
        await self.worker.desks.settle()
        runs.cancel()

    async def resolves(self) -> None:
        """Until every claim is decided."""
        runs = asyncio.create_task(self.worker._claims.run())
        await self.worker._claims.settle()
        runs.cancel()

    async def owns(self, *partitions: int) -> None:
        await self.worker.gained(frozenset(TP("journeys.inbox", p) for p in partitions), 1)

    def rows(self) -> list[dict[str, Any]]:
        return self.store.rows(STITCHED)


def chunk(topic: str, partition: int, *values: bytes | None) -> Chunk:
    count = len(values)
    columns = Columns(list(range(count)), list(values), [AT] * count, [None] * count)
    return chunk_of((topic, partition, 1), (0, count), columns)


def inbox(partition: int, *marks: Mark) -> Chunk:
    return chunk("journeys.inbox", partition, encode(Inbox(marks)))


def in_house(scene: Callable[[House], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        house = House()
        await house.follower.start()
        await scene(house)
        house.worker.parts.performer.close()

    asyncio.run(asyncio.wait_for(run(), 10))


def test_a_mark_of_the_inbox_is_folded_and_then_acknowledged() -> None:
    async def scene(house: House) -> None:
        visit = fact(ANN, "e1")
        house.store.insert(facts_block([visit]))
        await house.owns(HOME)
        await house.reads(house.worker._read_inbox, inbox(HOME, mark(visit)))
        assert not house.acked
        await house.works()
        assert house.acked == [HOME] and len(house.rows()) == 1

    in_house(scene)


def test_what_is_left_of_a_partition_that_went_does_not_hold_up_the_others() -> None:
    """It waits in a batch which the first chunk after the rebalance joins; that chunk will not come a second time."""

    async def scene(house: House) -> None:
        visit = fact(ANN, "e1")
        house.store.insert(facts_block([visit]))
        await house.owns(HOME, OTHER)
        await house.reads(house.worker._read_inbox, inbox(OTHER, mark(fact(member("email", "bob@x.org"), "e2"))))
        await house.worker.lost(frozenset({TP("journeys.inbox", OTHER)}))
        await house.reads(house.worker._read_inbox, inbox(HOME, mark(visit)))
        await house.works()
        assert HOME in house.acked
        assert [row["node"] for row in house.rows()] == [ANN.node]

    in_house(scene)


def test_a_message_of_the_inbox_that_cannot_be_read_does_not_stop_its_partition() -> None:
    async def scene(house: House) -> None:
        visit = fact(ANN, "e1")
        house.store.insert(facts_block([visit]))
        await house.owns(HOME)
        values = b"{}", None, encode(Inbox((replace(mark(visit), node=b"short"),))), encode(Inbox((mark(visit),)))
        await house.reads(house.worker._read_inbox, chunk("journeys.inbox", HOME, *values))
        await house.works()
        assert house.acked == [HOME] and len(house.rows()) == 1

    in_house(scene)


def test_a_claim_that_cannot_be_read_does_not_stop_the_resolver() -> None:
    good = Claim("link", ANN, COOKIE, AT, 1, "site", bytes(16))
    wrong = [
        replace(good, **other)
        for other in ({"kind": "marry"}, {"level": 300}, {"first_seen": 1 << 60}, {"evidence": b""})
    ]
    values = [None, b"no claim", *map(encode, wrong), encode(good)]

    async def scene(house: House) -> None:
        await house.reads(house.worker._read_claims, chunk("identity.claims", 0, *values))
        await house.reads(house.worker._read_claims, chunk("identity.claims", 0, None))
        await house.resolves()
        assert house.acked == [0, 0]
        assert {row["seq"] for row in house.store.rows(CLAIMS)} == {len(values)}

    in_house(scene)


def test_a_chunk_is_acknowledged_when_every_desk_has_folded_its_share() -> None:
    async def scene(house: House) -> None:
        visits = [fact(member("email", f"{name}@x.org"), name) for name in "abcdef"]
        house.store.insert(facts_block(visits))
        await house.owns(*range(PARTITIONS))
        done: list[bool] = []
        house.worker.desks.put(
            [Item(n % PARTITIONS, mark(visit)) for n, visit in enumerate(visits)], lambda: done.append(True)
        )
        assert not done
        await house.works()
        assert done == [True] and len(house.rows()) == len(visits)

    in_house(scene)


def test_nothing_to_fold_is_acknowledged_at_once() -> None:
    async def scene(house: House) -> None:
        await house.reads(house.worker._read_inbox, chunk("journeys.inbox", HOME, None))
        assert house.acked == [HOME]

    in_house(scene)


def test_claims_that_wait_are_decided_together_but_not_over_a_gap() -> None:
    said = [
        Said(list(offsets), ["claim"] * len(offsets), print) for offsets in ((1, 2), (3,), (), (4, 6), (9,), (2, 3))
    ]  # type: ignore[list-item]  # any claim will do
    assert [offsets for offsets, _ in in_a_row(said)] == [[1, 2, 3, 4, 6], [9], [2, 3]]
