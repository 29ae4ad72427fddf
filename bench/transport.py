"""What a record costs before our own code runs: `python -m bench.transport [--records 500000] [--rounds 3]`.

A topic of 8 partitions is filled with 498-byte values in lz4 batches; then each way reads all of it in a process of its
own, the ways taking turns. CPU is that of the whole reading process, from its first chunk on. The best round counts:
other load on the machine only adds.

* columns: the transport as it is, unpacking into columns
* records: the same, but by way of aiokafka's ConsumerRecord
* aiokafka: its consumer alone, `getmany`, no Faust, the same fetch settings
* faust: stock Faust, one event per record (a twentieth of the records)
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import PartitionRecords
from confluent_kafka import Producer
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.local.kafka import Kafka
from streams.transport import Connection, Limits, make_app, use_chunks
from streams.transport import thread as transport_thread
from streams.transport.chunk import Columns, columns_of

TOPIC, PARTITIONS, STOCK_SHARE = "bench", 8, 20


class Meter:
    """Counts records, and ends the process with the measure when it has seen all."""

    def __init__(self, records: int) -> None:
        self._records, self._seen = records, 0

    def count(self, records: int) -> bool:
        """True when all are seen."""
        if not self._seen:
            self._cpu, self._wall, self._first = time.process_time(), time.perf_counter(), records
        self._seen += records
        if self._seen < self._records:
            return False
        measured = self._seen - self._first
        cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        print(json.dumps({"us": cpu / measured * 1e6, "per_second": measured / wall}), flush=True)
        return True


async def through_chunks(servers: str, meter: Meter) -> None:
    app = make_app(f"bench-{time.time_ns()}", Connection(servers))
    use_chunks(app, Limits())
    done = asyncio.Event()

    @app.agent(app.topic(TOPIC))
    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            event.ack()
            if meter.count(len(event.value)):
                done.set()

    await app.start()
    await done.wait()
    await app.stop()


def unpack_records(source: PartitionRecords, most: int) -> Iterator[Columns]:
    """The columns of `streams.transport.unpack`, by way of aiokafka's records."""
    records = source._unpack_records()
    while taken := list(islice(records, most)):
        yield columns_of(taken)


async def through_records(servers: str, meter: Meter) -> None:
    transport_thread.unpack = unpack_records  # type: ignore[attr-defined]  # the name it calls it by
    await through_chunks(servers, meter)


async def through_aiokafka(servers: str, meter: Meter) -> None:
    limits = Limits()
    settings = {
        "auto_offset_reset": "earliest",
        "fetch_min_bytes": limits.fetch_min_bytes,
        "fetch_max_wait_ms": int(limits.fetch_max_wait * 1000),
        "isolation_level": "read_committed",
    }
    async with AIOKafkaConsumer(TOPIC, **Connection(servers).aiokafka(), **settings) as consumer:
        while True:
            for records in (await consumer.getmany(timeout_ms=1_000, max_records=limits.chunk)).values():
                if meter.count(len(records)):
                    return


async def through_stock_faust(servers: str, meter: Meter) -> None:
    app = make_app(f"bench-{time.time_ns()}", Connection(servers))
    done = asyncio.Event()

    @app.agent(app.topic(TOPIC))
    async def agent(stream: Any) -> None:
        async for _ in stream:
            if not done.is_set() and meter.count(1):
                done.set()

    await app.start()
    await done.wait()
    await app.stop()


WAYS: dict[str, Callable[[str, Meter], Coroutine[Any, Any, None]]] = {
    "columns": through_chunks,
    "records": through_records,
    "aiokafka": through_aiokafka,
    "faust": through_stock_faust,
}


def fill(servers: str, records: int) -> None:
    KafkaAdminClient(bootstrap_servers=servers).create_topics([NewTopic(TOPIC, PARTITIONS, 1)])
    dice = random.Random(7)
    values = [json.dumps({str(k): dice.random() for k in range(25)}).encode()[:498] for _ in range(500)]
    producer = Producer(
        {
            "bootstrap.servers": servers,
            "compression.type": "lz4",
            "linger.ms": 20,
            "queue.buffering.max.messages": 2_000_000,
        }
    )
    for i in range(records):
        producer.produce(TOPIC, values[i % 500], key=b"user_id:%d" % i)
        if i % 10_000 == 0:
            producer.poll(0)
    producer.flush()


def measure(way: str, servers: str, records: int) -> dict[str, float]:
    wanted = records // STOCK_SHARE if way == "faust" else records
    command = [sys.executable, "-m", "bench.transport", "--one", way, "--servers", servers, "--records", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def compare(records: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kafka = Kafka(Path(folder)).start()
        try:
            fill(kafka.bootstrap_servers, records)
            results = [{way: measure(way, kafka.bootstrap_servers, records) for way in WAYS} for _ in range(rounds)]
        finally:
            kafka.stop()
    print(f"{records} records, best of {rounds}")
    for way in WAYS:
        us, rate = min(result[way]["us"] for result in results), max(result[way]["per_second"] for result in results)
        print(f"{way:9} {us:7.2f} us of CPU per record {rate:10,.0f} records/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--servers", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        asyncio.run(WAYS[arguments.one](arguments.servers, Meter(arguments.records)))
    else:
        compare(arguments.records, arguments.rounds)


if __name__ == "__main__":
    main()
