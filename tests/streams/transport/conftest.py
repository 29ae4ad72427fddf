"""Workers inside the test's own process, and topics of their own for every test."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.transport import Chunk, Connection, Limits, Outgoing, PartitionListener, Producer, make_app, use_chunks

Work = Callable[[object], Awaitable[None]]


class Story:
    """What a test needs of Kafka: topics, records, workers, committed offsets. Names are unique to the story."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.connection = Connection(bootstrap_servers)
        self.group = f"group-{uuid.uuid4().hex[:8]}"
        self._workers: list[Worker] = []

    async def __aenter__(self) -> "Story":
        self.admin = AIOKafkaAdminClient(bootstrap_servers=self.connection.bootstrap_servers)
        await self.admin.start()
        self.producer = Producer(self.connection)
        await self.producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self._workers:
            await worker.stop()
        await self.producer.stop()
        await self.admin.close()

    async def topic(self, partitions: int = 1, **config: object) -> str:
        name = f"t-{uuid.uuid4().hex[:8]}"
        configs = {key.replace("_", "."): str(value) for key, value in config.items()}
        await self.admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
        return name

    async def produce(self, topic: str, count: int, partitions: int = 1, size: int = 20) -> None:
        values = (b"%d" % i for i in range(count))
        await self.producer.send(Outgoing(topic, i % partitions, b"k", v.ljust(size)) for i, v in enumerate(values))

    async def ends(self, topic: str, partitions: int) -> dict[int, int]:
        async with AIOKafkaConsumer(**self.connection.aiokafka()) as consumer:
            listed = await consumer.end_offsets([TopicPartition(topic, p) for p in range(partitions)])
            return {tp.partition: end for tp, end in listed.items()}

    async def worker(self, *topics: str, **settings: object) -> "Worker":
        worker = Worker(self, topics, **settings)
        self._workers.append(worker)
        await worker.start()
        return worker

    async def committed(self) -> dict[tuple[str, int], int]:
        listed = await self.admin.list_consumer_group_offsets(self.group)
        return {(tp.topic, tp.partition): told.offset for tp, told in listed.items() if told.offset >= 0}


class Worker:
    """An app with one agent over all topics and a second over `beside`. `work` acks each event; None: at once."""

    def __init__(
        self, story: Story, topics: tuple[str, ...], *, slot: str | None = None, limits: Limits | None = None,
        work: Work | None = None, listener: PartitionListener | None = None, beside: str | None = None,
    ) -> None:  # fmt: skip
        self.chunks: list[Chunk] = []
        self.app = make_app(story.group, story.connection, slot)
        self.transport = use_chunks(self.app, limits)
        if listener:
            self.transport.listen(listener)
        self.app.agent(self.app.topic(*topics), name="agent")(self._agent)
        if beside:
            self.app.agent(self.app.topic(beside), name="beside")(self._agent)
        self._work = work or self._ack

    async def _agent(self, stream) -> None:
        async for event in stream.noack().events():
            self.chunks.append(event.value)
            await self._work(event)

    async def _ack(self, event) -> None:
        event.ack()

    async def start(self) -> None:
        await self.app.start()

    async def stop(self) -> None:
        await self.app.stop()

    @property
    def count(self) -> int:
        return sum(map(len, self.chunks))

    @property
    def owns(self) -> set[tuple[str, int]]:
        return {tuple(tp) for tp in self.transport.consumer.lanes}


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # any condition, also one of another process
            await asyncio.sleep(0.02)


@pytest.fixture
def eventually():
    """`await eventually(condition)`: polls until it holds."""
    return until


@pytest.fixture
def story(kafka):
    """`story(coroutine_function)`: runs it in an event loop with a Story, and stops its workers."""

    def run(tell: Callable[[Story], Awaitable[None]]) -> None:
        async def told() -> None:
            async with Story(kafka.bootstrap_servers) as setting:
                await tell(setting)

        asyncio.run(told())

    return run
