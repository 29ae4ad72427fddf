"""How late do deadlines fire, how long does a burst of them take, and what do open ones cost?

    python -m bench.deadlines --parts late,burst,held

One worker on real servers.
* late: chats that nobody answers, each of a customer of its own, sent so that their ten minutes are over in a few seconds.
  Lateness is from the deadline to the hint in the topic `friction`, which is sent when the friction row and the stitched row
  are durable.
* burst: customers with a deadline at one and the same minute, none of them in memory. Their facts, rows and hints are written
  by SQL. Meanwhile single events of other customers are timed, from produced to visible in the analysts' view.
* held: resident memory of a worker with no open deadline, with a million over 30 days, and with a million in one minute that
  has not come yet.
"""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Annotated, Any
from uuid import uuid4

import typer
from confluent_kafka import Consumer, Producer

from bench.cpu import resident
from bench.ground import Ground, ground, prepare, worker
from bench.load import iso
from schemas.ids import node_of, to_uuid
from schemas.topics import public_topic
from sinks.clickhouse.connect import open_views, server_of
from sinks.clickhouse.server import Connections
from throughline.options import Settings

CHAT_WITHIN = 600_000  # ms, of the rules that ship
PARTITIONS = 8
Metrics = Callable[[], Mapping[str, float]]

_KEY = """reinterpretAsUUID(sipHash128(number)) AS node,
    fromUnixTimestamp64Milli(toInt64({at}), 'UTC') AS original_timestamp, node AS event_id"""
_FACTS = """INSERT INTO facts (node, original_timestamp, event_id, event_time, received_at, version, channel, event)
    SELECT {key}, original_timestamp, original_timestamp, bitShiftLeft(4398046511103 - toUInt64({at}), 21),
        'chat', 'Live Chat Message Sent'
    FROM numbers({count})"""
_STITCHED = """INSERT INTO stitched (node, original_timestamp, event_id, version, customer_id, event_time, received_at, channel,
        event, status, due, inbox_partition)
    SELECT {key}, bitShiftLeft(toUInt128(1), 96), node, original_timestamp, original_timestamp, 'chat',
        'Live Chat Message Sent', 'folded', original_timestamp + INTERVAL 10 MINUTE, number % {partitions}
    FROM numbers({count})"""
_HINTS = """INSERT INTO deadlines (inbox_partition, due, node, original_timestamp, event_id)
    SELECT number % {partitions}, fromUnixTimestamp64Milli(toInt64({at}) + 600000, 'UTC') AS due, {key} FROM numbers({count})"""


def seed(settings: Settings, count: int, at: str) -> None:
    """Customers with one unanswered chat message each, at the time `at` (SQL over `number`, ms), folded and armed."""
    key = _KEY.format(at=at)
    with closing(Connections(server_of(settings, "migrator"))) as server:
        for statement in (_FACTS, _STITCHED, _HINTS):
            server.ask(statement.format(key=key, at=at, count=count, partitions=PARTITIONS))


def now() -> int:
    return int(time.time() * 1000)


class Hints:
    """Reads the topic `friction` beside the worker: (ms from `at` to the record) of each `unanswered`."""

    def __init__(self, settings: Settings) -> None:
        group = {"group.id": str(uuid4()), "auto.offset.reset": "earliest"}
        self._consumer = Consumer({"bootstrap.servers": settings.kafka.bootstrap_servers, **group})
        self._consumer.subscribe([f"{settings.topic_prefix}friction"])
        self.lates: list[int] = []

    def read(self, count: int, seconds: float) -> list[int]:
        """Until so many have come; raises TimeoutError."""
        end = time.monotonic() + seconds
        while len(self.lates) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{len(self.lates)} of {count} deadlines have fired")
            for message in self._consumer.consume(10_000, 0.2):
                said = json.loads(message.value() or b"{}")
                if said.get("signal") == "unanswered":
                    self.lates.append(message.timestamp()[1] - said["at"])
        return sorted(self.lates)

    def close(self) -> None:
        self._consumer.close()


def late(at: Ground, seconds: float, rate: int) -> None:
    values = at.values()
    settings = prepare(values)
    with worker(values) as (_, metrics), closing(Hints(settings)) as hints:
        _until_up(metrics)
        producer, rng, sent, began = _producer(settings), random.Random(3), 0, time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            while sent < passed * rate:
                due = now() + rng.randint(2_000, 6_000)
                _chat(producer, settings, f"late-{sent}", due - CHAT_WITHIN)
                sent += 1
            producer.poll(0)
            time.sleep(0.01)
        producer.flush()
        lates = hints.read(sent, 30)
    print(
        f"late: {sent:,} deadlines at {rate}/s: {_spread(lates)} ms after their time (expected p99: 1,000 ms)",
        flush=True,
    )


def burst(at: Ground, count: int) -> None:
    values = at.values()
    settings = prepare(values)
    due = now() + 45_000
    seed(settings, count, f"{due - CHAT_WITHIN} + number % 1000")
    with worker(values) as (pid, metrics), closing(Hints(settings)) as hints:
        _until_up(metrics)
        before, stop, waits = resident(pid), threading.Event(), list[float]()
        time.sleep(max(0.0, due / 1000 - time.time()))
        probing = threading.Thread(target=lambda: waits.extend(_probes(settings, stop)))
        probing.start()
        lates = hints.read(count, 120)
        after = resident(pid)
        stop.set()
        probing.join()
    took = (lates[-1] - lates[0]) / 1000
    print(f"burst: {count:,} due within a second, none in memory: worked off in {took:.1f} s, {count / max(took, 0.1):,.0f}/s, "
          f"{before:.0f} -> {after:.0f} MB; meanwhile {len(waits)} single events visible after {_spread(sorted(waits))} ms",
          flush=True)  # fmt: skip


def held(at: Ground, count: int) -> None:
    empty = _resident(at, 0, "0")
    spread = _resident(at, count, f"{now()} + number * {30 * 86_400_000 // count}")
    minute = _resident(at, count, f"{now() + 180_000 - CHAT_WITHIN} + number * 60000 / {count}")
    print(f"held: {empty:.0f} MB resident with no deadline, {spread:.0f} MB with {count:,} over 30 days, {minute:.0f} MB with "
          f"{count:,} in one minute, three minutes ahead", flush=True)  # fmt: skip


def _resident(at: Ground, count: int, when: str) -> float:
    values = at.values()
    settings = prepare(values)
    if count:
        seed(settings, count, when)
    with worker(values) as (pid, metrics):
        _until_up(metrics)
        time.sleep(8)
        return resident(pid)


def _until_up(metrics: Metrics) -> None:
    while metrics().get("throughline_inbox_partitions", 0) < PARTITIONS:
        time.sleep(0.1)


def _probes(settings: Settings, stop: threading.Event) -> Iterator[float]:
    """Milliseconds from before the send to visible, one event at a time."""
    producer = _producer(settings)
    with closing(open_views(settings, "auditor")) as views:
        while not stop.is_set():
            name, began = f"probe-{uuid4()}", time.monotonic()
            _chat(producer, settings, name, now() - CHAT_WITHIN + 3_600_000)
            producer.flush()
            node = to_uuid(node_of("anonymous_id", name, settings.identity.node_key))
            while not views.ask(f"SELECT 1 FROM journey_touchpoints WHERE node = '{node}'", max_threads=1):
                time.sleep(0.05)
            yield (time.monotonic() - began) * 1000


def _chat(producer: Producer, settings: Settings, name: str, at: int) -> None:
    body: dict[str, Any] = {
        "event_id": name, "event": "Live Chat Message Sent", "channel": "chat", "source": "bench",
        "original_timestamp": iso(at), "identifiers": {"anonymous_id": name}, "properties": {},
    }  # fmt: skip
    producer.produce(public_topic("chat", settings.topic_prefix), json.dumps(body), f"anonymous_id:{name}")


def _producer(settings: Settings) -> Producer:
    return Producer({"bootstrap.servers": settings.kafka.bootstrap_servers, "linger.ms": 5, "acks": "all",
                     "partitioner": "murmur2_random"})  # fmt: skip


def _spread(ordered: list[Any]) -> str:
    if not ordered:
        return "none"
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99))
    return f"p50 {p50:.0f}, p99 {p99:.0f}, last {ordered[-1]:.0f}"


def main(
    parts: Annotated[str, typer.Option(help="Of late, burst, held; separated by commas.")] = "late,burst,held",
    seconds: Annotated[float, typer.Option(help="How long deadlines are made for `late`.")] = 20.0,
    rate: Annotated[int, typer.Option(help="How many of them a second.")] = 100,
    due: Annotated[int, typer.Option(help="Deadlines of the burst.")] = 100_000,
    open: Annotated[int, typer.Option(help="Open deadlines for `held`.")] = 1_000_000,
) -> None:
    with ground() as at:
        run: dict[str, Callable[[], None]] = {
            "late": lambda: late(at, seconds, rate), "burst": lambda: burst(at, due), "held": lambda: held(at, open),
        }  # fmt: skip
        for part in parts.split(","):
            run[part]()


if __name__ == "__main__":
    typer.run(main)
