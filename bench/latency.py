"""How long until an event can be asked for? Probes amid a steady load, from produced to visible in the analysts' view.

    python -m bench.latency --rate 5000 --seconds 30

One worker. A probe is an event of a customer of its own; it is visible when journey_touchpoints shows it (polled every 50 ms).
"""

import random
import threading
import time
from collections.abc import Iterator
from typing import Annotated
from uuid import uuid4

import typer
from confluent_kafka import Producer

from bench.ground import ground, prepare, worker
from bench.load import Load, Shape, iso, load
from schemas.ids import node_of, to_uuid
from schemas.topics import public_topic
from sinks.clickhouse.connect import open_views
from throughline.options import Settings

POLL = 0.05  # s; a look costs the server some 10 ms of CPU, which the events then lack
PAUSE = 0.05  # s between probes, on average


def main(
    rate: Annotated[int, typer.Option(help="Events a second beside the probes.")] = 5_000,
    seconds: Annotated[float, typer.Option(help="How long.")] = 30.0,
) -> None:
    with ground() as at:
        values = at.values()
        settings = prepare(values)
        with worker(values) as (_, metrics):
            warm = threading.Event()
            loads = threading.Thread(target=steady, args=(settings, rate, seconds + 30, warm))
            loads.start()
            while metrics().get('throughline_marks_total{outcome="taken"}', 0) < rate:
                time.sleep(0.2)
            waits = sorted(probes(settings, seconds))
            warm.set()
            loads.join()
    print(f"{len(waits)} probes at {rate:,} events/s: p50 {quantile(waits, 0.5):.0f} ms, p99 {quantile(waits, 0.99):.0f} ms, "
          f"longest {waits[-1]:.0f} ms (expected p99 of 2,000 ms)")  # fmt: skip


def probes(settings: Settings, seconds: float) -> Iterator[float]:
    """Milliseconds from before the send to visible, one probe at a time."""
    views, producer, rng = open_views(settings, "auditor"), _producer(settings), random.Random(5)
    topic, end = public_topic("website", settings.topic_prefix), time.monotonic() + seconds
    while time.monotonic() < end:
        name = f"probe-{uuid4()}"
        node = to_uuid(node_of("anonymous_id", name, settings.identity.node_key))
        now = iso(int(time.time() * 1000))
        body = (f'{{"event_id":"{uuid4()}","event":"Page Viewed","channel":"website","source":"probe","original_timestamp":"{now}",'
                f'"identifiers":{{"anonymous_id":"{name}"}},"properties":{{}},"context":{{}}}}')  # fmt: skip
        began = time.monotonic()
        producer.produce(topic, body.encode(), f"anonymous_id:{name}".encode())
        producer.flush()
        while not views.ask(f"SELECT 1 FROM journey_touchpoints WHERE node = '{node}'", max_threads=1):
            time.sleep(POLL)
        yield (time.monotonic() - began) * 1000
        time.sleep(rng.expovariate(1 / PAUSE))


def steady(settings: Settings, rate: int, seconds: float, stop: threading.Event) -> None:
    """Produces the usual load at a rate, in slices of 20 ms."""
    producer, topic = _producer(settings), public_topic("website", settings.topic_prefix)
    records: Iterator[Load] = load(Shape(int(rate * seconds)))
    began = time.monotonic()
    for sent, record in enumerate(records, 1):
        producer.produce(topic, record.value, record.key)
        if sent % max(1, rate // 50) == 0:
            producer.poll(0)
            time.sleep(max(0.0, began + sent / rate - time.monotonic()))
        if stop.is_set():
            break
    producer.flush()


def _producer(settings: Settings) -> Producer:
    return Producer({"bootstrap.servers": settings.kafka.bootstrap_servers, "linger.ms": 5, "acks": "all",
                     "partitioner": "murmur2_random", "queue.buffering.max.messages": 400_000})  # fmt: skip


def quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    typer.run(main)
