"""Names of Faust, aiokafka and mode that are not public and that the transport relies on.

The three are pinned in pyproject.toml. Whoever lifts a pin reads here what to look at again.
"""

import asyncio
import inspect
from types import SimpleNamespace

import faust
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.record.memory_records import MemoryRecords
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer, ThreadDelegateConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, tuples
from mode.utils import futures

from streams.transport import Connection, Limits, make_app, use_chunks
from streams.transport.assignor import Copartitioned
from streams.transport.consumer import ChunkConsumer, ChunkMessage
from streams.transport.thread import UnpackedAnswers

METHODS = [
    (driver.AIOKafkaConsumerThread._create_worker_consumer, "self transport", "thread.py: _create_worker_consumer"),
    (driver.AIOKafkaConsumerThread._ensure_consumer, "self", "thread.py: every method"),
    (driver.AIOKafkaConsumerThread._commit, "self offsets", "thread.py: _commit_for"),
    (
        driver.AIOKafkaConsumerThread._fetch_records,
        "self consumer active_partitions timeout max_records",
        "thread.py: _fetch_or_give_back",
    ),
    (driver.Consumer._new_consumer_thread, "self", "consumer.py: _new_consumer_thread"),
    (ThreadDelegateConsumer.subscribe, "self topics", "consumer.py: subscribe"),
    (Consumer._get_active_partitions, "self", "consumer.py: getmany"),
    (Consumer._filter_tps_with_pending_acks, "self topics", "consumer.py: _filter_tps_with_pending_acks"),
    (Consumer._commit_tps, "self tps start_new_transaction", "consumer.py: _commit_tps"),
    (Consumer.wait_empty, "self", "consumer.py: wait_empty"),
    (Consumer.perform_seek, "self", "consumer.py: perform_seek"),
    (Consumer.on_partitions_revoked, "self revoked", "consumer.py: on_partitions_revoked"),
    (Consumer.on_partitions_assigned, "self assigned generation_id", "consumer.py: on_partitions_assigned"),
    (Consumer.getmany, "self timeout", "consumer.py: getmany"),
    (Consumer.ack, "self message", "consumer.py: ack"),
    (Consumer.on_buffer_full, "self tp", "consumer.py: on_buffer_full"),
    (fetcher.PartitionRecords._consume_aborted_up_to, "self batch_offset", "unpack.py: _aborted"),
    (fetcher.PartitionRecords._contains_abort_marker, "self next_batch", "unpack.py: _aborted"),
    (
        faust.App._consumer_wait_empty,
        "self consumer logger",
        "consumer.py: wait_empty, called before a rebalance and a stop",
    ),
    (faust.App._create_directories, "self", "app.py: App"),
    (Recovery._resume_streams, "self generation_id", "consumer.py: perform_seek, called before the flow resumes"),
    (futures.notify, "fut result", "consumer.py: ack"),
    (AbstractPartitionAssignor.assign, "cluster members", "assignor.py: Copartitioned"),
    (AbstractPartitionAssignor.metadata, "topics", "assignor.py: Copartitioned"),
    (AbstractPartitionAssignor.on_assignment, "assignment", "assignor.py: Copartitioned"),
]


@pytest.mark.parametrize(
    ("method", "parameters", "user"), METHODS, ids=lambda value: getattr(value, "__qualname__", "")
)
def test_a_method_has_the_parameters_it_had(method, parameters, user):
    now = " ".join(inspect.signature(method).parameters)
    assert now == parameters, f"streams/transport/{user} relies on {method.__qualname__}({parameters})"


@pytest.fixture
def consumer():
    """aiokafka's consumer, not started."""

    async def made():
        consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1", group_id="g")
        await consumer.stop()
        return consumer

    return asyncio.run(made())


def test_settings_reach_the_parts_of_aiokafkas_consumer(story):
    async def tell(it):
        worker = await it.worker(await it.topic(), limits=Limits(chunk=7, fetch_min_bytes=8, fetch_max_wait=0.009))
        consumer = worker.transport.consumer._thread._ensure_consumer()
        told = "streams/transport/thread.py: _create_worker_consumer sets them before the consumer starts"
        assert consumer._fetcher._fetch_min_bytes == 8, told
        assert consumer._fetcher._fetch_max_wait_ms == 9, told
        assert consumer._fetcher._isolation_level == fetcher.READ_COMMITTED, told
        assert [type(assignor) for assignor in consumer._coordinator._assignors] == [Copartitioned], told
        assert type(consumer._fetcher._records) is UnpackedAnswers, "streams/transport/thread.py: on_start"

    story(tell)


def test_aiokafkas_consumer_takes_assignors_as_objects(consumer):
    assert isinstance(consumer._partition_assignment_strategy, (list, tuple)), (
        "streams/transport/thread.py: _create_worker_consumer replaces _partition_assignment_strategy"
    )


def test_the_subscription_of_aiokafkas_consumer_is_none_before_subscribing(consumer):
    assert isinstance(consumer._subscription, SubscriptionState)
    assert consumer._subscription.subscription is None, "streams/transport/thread.py: unread"


def test_what_lies_beyond_the_positions_is_counted(story, eventually):
    async def tell(it):
        topic, ack_nothing = await it.topic(), asyncio.Event().wait
        await it.produce(topic, 100)
        limits = Limits(records=10, chunk=10, drain=0.1)
        worker = await it.worker(topic, work=lambda event: ack_nothing(), limits=limits)
        await eventually(lambda: worker.count == 10)
        assert worker.transport.consumer.unread() == 90, "streams/transport/thread.py: unread"

    story(tell)


def test_the_fetchers_answers_give_columns():
    buffer, place = UnpackedAnswers(most=10), TopicPartition("t", 0)
    records = fetcher.PartitionRecords(place, MemoryRecords(b""), [], 0, None, None, True, fetcher.READ_COMMITTED)
    buffer[place] = fetcher.FetchResult(place, assignment=None, partition_records=records, backoff=0.1)
    assert list(records) == [], "streams/transport/thread.py: UnpackedAnswers replaces _records_iterator"
    assert records._records_iterator is None
    assert buffer[place]._partition_records is records


def test_an_error_in_the_fetchers_buffer_stays_an_error():
    buffer, error = UnpackedAnswers(most=10), fetcher.FetchError(error=KeyError("t"), backoff=0.1)
    buffer[TopicPartition("t", 0)] = error
    assert buffer[TopicPartition("t", 0)] is error


@pytest.fixture
def chunk_consumer():
    """Ours, not started; its thread has an event loop already."""

    async def made():
        app = make_app("g", Connection("127.0.0.1:1"))
        return use_chunks(app).consumer

    consumer = asyncio.run(made())
    yield consumer
    consumer._thread.thread_loop.close()


def test_the_app_makes_its_consumer_from_the_transport_it_was_given(chunk_consumer):
    assert isinstance(chunk_consumer, ChunkConsumer), "streams/transport/install.py: use_chunks sets app.transport"


@pytest.mark.parametrize("name", ["_read_offset", "_acked_index", "_unacked_messages", "_waiting_for_ack"])
def test_fausts_consumer_has_the_attribute(name, chunk_consumer):
    assert name in vars(Consumer).get("__annotations__", {}), f"streams/transport/consumer.py relies on Consumer.{name}"
    assert hasattr(chunk_consumer, name)


@pytest.mark.parametrize("name", ["can_resume_flow", "suspend_flow"])
def test_flow_control_of_the_consumer_is_events(name, chunk_consumer):
    assert isinstance(getattr(chunk_consumer, name), asyncio.Event), "streams/transport/consumer.py: getmany"


def test_flow_stops_and_resumes_by_one_flag(chunk_consumer):
    chunk_consumer.stop_flow()
    assert chunk_consumer.flow_active is False, "streams/transport/thread.py: _fetch_or_give_back"
    chunk_consumer.resume_flow()
    assert chunk_consumer.flow_active is True


def test_the_last_ack_of_a_message_reaches_the_consumer():
    message, told = ConsumerMessage("t", 0, 1, 0.0, 0, None, None, b"", None), []
    message.incref(2)
    consumer = SimpleNamespace(ack=lambda acked: told.append(acked) or True)
    message.ack(consumer)
    assert told == []
    message.ack(consumer)
    assert told == [message], "streams/transport/consumer.py: ack is called by ConsumerMessage.on_final_ack"


def test_messages_are_acked_under_one_lock_that_may_be_taken_twice():
    with tuples.ack_lock, tuples.ack_lock:
        pass


def test_a_stream_notes_messages_in_hand_where_the_consumer_looks(chunk_consumer):
    async def iterate():
        app = chunk_consumer.app
        topic = app.topic("t")
        app.topics._acking_topics.add("t")
        app.flow_control.resume()
        stream = topic.stream().noack()
        message = ChunkMessage("t", 0, 1, 0.0, 0, None, None, b"x", None, tp=TP("t", 0), generation_id=0)
        app.consumer_generation_id = 0
        await stream.channel.put(faust.Event(app, None, b"x", None, message))
        await anext(stream.events())
        return message, set(chunk_consumer._unacked_messages)

    message, in_hand = asyncio.run(iterate())
    assert in_hand == {message}, "streams/transport/consumer.py: wait_empty waits for _unacked_messages"


def test_a_stream_that_acks_by_itself_fails_at_its_first_chunk(chunk_consumer):
    with pytest.raises(faust.exceptions.ImproperlyConfigured, match="noack"):
        chunk_consumer._acked_index[TP("t", 0)]
