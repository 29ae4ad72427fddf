"""Lets a Faust app consume in chunks."""

import faust
from faust.transport.drivers import aiokafka as driver

from streams.transport.consumer import ChunkConsumer
from streams.transport.limits import Limits
from streams.transport.ownership import PartitionListener


class ChunkTransport(driver.Transport):
    """What `use_chunks` puts into the app, and what the rest of the worker holds of it."""

    Consumer = ChunkConsumer
    limits: Limits
    listeners: list[PartitionListener]
    app: faust.App

    def listen(self, listener: PartitionListener) -> None:
        """Before the app starts."""
        self.listeners.append(listener)

    @property
    def consumer(self) -> ChunkConsumer:
        consumer = self.app.consumer
        assert isinstance(consumer, ChunkConsumer)
        return consumer


def use_chunks(app: faust.App, limits: Limits | None = None) -> ChunkTransport:
    """Call it right after the app is made, before topics and agents.

        @app.agent(app.topic("touchpoints.web", "touchpoints.store"))
        async def intake(stream):
            async for event in stream.noack().events():
                await store(event.value)   # a Chunk
                event.ack()                # only when its work is durable; from the event loop's thread

    At least once: a chunk that is not acked comes again, perhaps cut differently, to whoever owns the partition
    then. Chunks of a partition come in order; several may be in hand, and may be acked in any order.
    """
    transport = ChunkTransport(app.conf.broker_consumer, app)
    transport.limits, transport.listeners = limits or Limits(), []
    app.transport = transport
    return transport
