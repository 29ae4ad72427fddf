"""Throughput and cost of the whole way, against rivals on the same servers in the same run, interleaved.

    python -m bench.pipeline --events 500000 --rounds 2

Throughline: one worker, from the raw record to stitched rows. Rivals: ClickHouse's own Kafka engine (parses and stores only) as in
its tutorial and in its fastest form, and a plain Faust agent with a Table. Prints events/s and microseconds of CPU an event (= CPU
seconds per million events) of every process, then the ratios of the medians.
"""

import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Annotated

import typer
from clickhouse_driver import Client

from bench.cpu import Reading, Span, between, read, resident
from bench.ground import Ground, fill, ground, prepare, worker
from bench.load import Shape, load
from bench.rivals.engine import Engine
from schemas.topics import public_topic

OURS, TUTORIAL, FASTEST, TABLE = "throughline", "engine JSONEachRow", "engine RawBLOB", "faust table"
TABLE_EVENTS = 30_000  # a Table does a few thousand a second: a longer run says the same
LONGEST = 600.0


def throughline(at: Ground, shape: Shape) -> Span:
    """One worker on a topic that was full before it started."""
    values = at.values()
    settings = prepare(values)
    events = fill(settings, load(shape))
    with worker(values) as (pid, metrics):
        pids = {**at.servers, "worker": pid}
        _until(lambda: metrics().get('throughline_records_total{outcome="stored"}', 0) > 0)
        before, first = read(pids), metrics()['throughline_records_total{outcome="stored"}']
        _until(lambda: metrics().get('throughline_marks_total{outcome="taken"}', 0) >= events)
        after = read(pids)
        print(f"  {OURS}: {resident(pid):.0f} MB resident after {events:,} events of {shape.customers:,} customers")
        _say(metrics())
    return between(before, after, events - int(first))


def engine(form: str) -> Callable[[Ground, Shape], Span]:
    def run(at: Ground, shape: Shape) -> Span:
        settings = prepare(at.values())
        events = fill(settings, load(shape))
        rival = Engine(_migrator(at), at.kafka.bootstrap_servers, public_topic("website", settings.topic_prefix), form)
        rival.start()
        try:
            _until(lambda: rival.stored() > 0)
            before, first = read(at.servers), rival.stored()
            _until(lambda: rival.stored() >= events)
            return between(before, read(at.servers), events - first)
        finally:
            rival.stop()

    return run


def table(at: Ground, shape: Shape) -> Span:
    settings = prepare(at.values())
    events = fill(settings, load(Shape(TABLE_EVENTS, shape.customers, shape.seed)))
    topic = public_topic("website", settings.topic_prefix)
    command = [sys.executable, "-m", "bench.rivals.table", at.kafka.bootstrap_servers, topic, str(events)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        pids = {**at.servers, "worker": process.pid}
        readings: list[Reading] = []
        for line in process.stdout:
            if line.strip() in (b"first", b"done"):
                readings.append(read(pids))
            if line.strip() == b"done":
                break
        process.kill()
    return between(readings[0], readings[1], events)


def _migrator(at: Ground) -> Client:
    server = at.clickhouse
    return Client(server.host, port=server.tcp_port, user="migrator", password=server.users["migrator"])


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("the run did not end in time")
        time.sleep(0.2)


def _say(metrics: Mapping[str, float]) -> None:
    for step in ("intake", "resolver", "journeys"):
        count = metrics.get(f'throughline_batch_seconds_count{{step="{step}"}}', 0)
        total = metrics.get(f'throughline_batch_seconds_sum{{step="{step}"}}', 0)
        print(f"    {step}: {count:.0f} batches, {total:.1f} s in all")


RIVALS: Mapping[str, Callable[[Ground, Shape], Span]] = {
    OURS: throughline,
    TUTORIAL: engine("JSONEachRow"),
    FASTEST: engine("RawBLOB"),
    TABLE: table,
}


def report(spans: Mapping[str, list[Span]]) -> None:
    """Medians, and the ratios that the project promises."""
    rates = {name: statistics.median(span.rate for span in some) for name, some in spans.items()}
    for name, some in spans.items():
        middle = sorted(some, key=lambda span: span.total)[len(some) // 2]
        parts = ", ".join(f"{process} {micros:.1f}" for process, micros in middle.micros.items())
        print(f"{name:20} {rates[name]:>9,.0f} events/s  {middle.total:6.1f} us CPU an event ({parts})")
    for name, expected in ((TUTORIAL, 0.8), (FASTEST, 0.25), (TABLE, 10)):
        if OURS in rates and name in rates:
            print(f"{OURS} / {name}: {rates[OURS] / rates[name]:.2f} (expected at least {expected})")


def main(
    events: Annotated[int, typer.Option(help="Events in the topic before the clock starts.")] = 500_000,
    rounds: Annotated[int, typer.Option(help="How often every rival runs, in turn.")] = 2,
    only: Annotated[str, typer.Option(help="Names of rivals, separated by commas; empty: all.")] = "",
) -> None:
    names = [name for name in RIVALS if not only or name in only.split(",")]
    spans: dict[str, list[Span]] = defaultdict(list)
    with ground() as at:
        for number in range(rounds):
            for name in names:
                span = RIVALS[name](at, Shape(events))
                spans[name].append(span)
                print(f"round {number + 1}: {name}: {span.rate:,.0f} events/s, {span.total:.1f} us", flush=True)
    report(spans)


if __name__ == "__main__":
    typer.run(main)
