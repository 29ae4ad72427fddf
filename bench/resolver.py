"""Claims a second of the resolver, from the log until every claim is recorded, decided, written, announced and committed.

    python -m bench.resolver --customers 30000

One worker on real servers, with nothing else to do; the log of claims is filled before the clock starts. The claims are those of
`bench.identity`: seven of each customer, in the order of time.
"""

import time
from typing import Annotated

import typer
from confluent_kafka import Producer

from bench.cpu import between, read, resident
from bench.ground import ground, prepare, worker
from bench.identity import history
from schemas.messages import encode
from schemas.topics import CLAIMS
from throughline.options import Settings

DECIDED = "throughline_claims_decided_total"


def fill_log(settings: Settings, customers: int) -> int:
    """Returns how many claims there are."""
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers, "linger.ms": 50,
                         "queue.buffering.max.messages": 2_000_000})  # fmt: skip
    claims = history(customers)
    for claim in claims:
        producer.produce(settings.topic_prefix + CLAIMS, encode(claim), partition=0)
    producer.flush()
    return len(claims)


def main(customers: Annotated[int, typer.Option(help="Each has seven claims.")] = 30_000) -> None:
    with ground() as at:
        values = at.values()
        settings = prepare(values)
        claims = fill_log(settings, customers)
        with worker(values) as (pid, metrics):
            pids = {**at.servers, "worker": pid}
            while not (first := metrics().get(DECIDED, 0)):
                time.sleep(0.01)
            before = read(pids)
            while metrics()[DECIDED] < claims:
                time.sleep(0.05)
            span, memory = between(before, read(pids), claims - int(first)), resident(pid)
    parts = ", ".join(f"{process} {micros:.1f}" for process, micros in span.micros.items())
    print(f"{span.rate:,.0f} claims/s, {span.total:.1f} us CPU a claim ({parts}), {memory:,.0f} MB resident")


if __name__ == "__main__":
    typer.run(main)
