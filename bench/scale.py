"""Does a large clientele slow a worker down? Throughput when 100 thousand customers are known, and when 10 million are.

    python -m bench.scale --known 100000 --known 10000000 --events 300000

One worker learns every customer by a first event of its own (a tenth of them with a cookie, which is a claim), then takes events
whose customers are drawn evenly from all of them: with millions, hardly one of them is in memory. 10 million take 15 minutes to
learn, and 10 GB of disk.
"""

import random
import time
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import typer

from bench.cpu import Span, between, read, resident
from bench.ground import Ground, fill, ground, prepare, worker
from bench.load import START, Load, iso

TAKEN = 'throughline_marks_total{outcome="taken"}'
PIECE = 500_000  # events between two looks at the worker while it learns
ROUNDS = 3


def touch(number: int, customer: int, at: int) -> Load:
    """An event of a customer with a card; of every tenth also a cookie."""
    cookie = f',"anonymous_id":"a{customer}"' if customer % 10 == 0 else ""
    id = UUID(int=number << 64 | customer)
    body = (f'{{"event_id":"{id}","event":"Product Viewed","channel":"website","source":"bench","original_timestamp":"{iso(at)}",'
            f'"received_at":"{iso(at + 150)}","identifiers":{{"user_id":"u{customer}"{cookie}}},'
            f'"properties":{{"product_id":"p{customer % 999}","price":12.5,"currency":"EUR"}},'
            f'"context":{{"page":{{"path":"/cat-{customer % 200}/p"}},"userAgent":"Mozilla/5.0 Firefox/149"}}}}')  # fmt: skip
    return Load(f"user_id:u{customer}".encode(), body.encode())


def first_touches(first: int, count: int) -> Iterator[Load]:
    return (touch(1, customer, START + customer // 100) for customer in range(first, first + count))


def drawn(turn: int, known: int, events: int) -> Iterator[Load]:
    rng = random.Random(turn)
    return (touch(turn, rng.randrange(known), START + turn * 86_400_000 + n * 10) for n in range(events))


def measured(at: Ground, known: int, events: int) -> Span:
    """The median span of some rounds, by events/s."""
    values: dict[str, Any] = at.values()
    settings = prepare(values)
    with worker(values) as (pid, metrics):
        pids, sent, began = {**at.servers, "worker": pid}, 0, time.monotonic()

        def settle() -> None:
            while metrics().get(TAKEN, 0) < sent:
                time.sleep(0.1)

        for first in range(0, known, PIECE):
            sent += fill(settings, first_touches(first, min(PIECE, known - first)))
            settle()
        print(
            f"  {known:,} customers learnt in {time.monotonic() - began:.0f} s, {resident(pid):,.0f} MB resident",
            flush=True,
        )
        spans = []
        for turn in range(2, 2 + ROUNDS):
            before = read(pids)
            sent += fill(settings, drawn(turn, known, events))
            settle()
            spans.append(between(before, read(pids), events))
            print(f"  {spans[-1].rate:,.0f} events/s, {resident(pid):,.0f} MB resident", flush=True)
    return sorted(spans, key=lambda span: span.rate)[ROUNDS // 2]


def main(
    known: Annotated[list[int], typer.Option(help="How many customers are known; give it once per run.")] = [  # noqa: B006  # typer's way to give a list
        100_000,
        10_000_000,
    ],
    events: Annotated[int, typer.Option(help="Events of a round.")] = 300_000,
) -> None:
    spans = []
    for count in known:
        with ground() as at:
            spans.append(measured(at, count, events))
    for count, span in zip(known, spans, strict=True):
        parts = ", ".join(f"{process} {micros:.1f}" for process, micros in span.micros.items())
        print(f"{count:>12,} known: {span.rate:>8,.0f} events/s, {span.total:5.1f} us CPU an event ({parts})")
    print(f"last / first: {spans[-1].rate / spans[0].rate:.2f} (expected at least 0.7)")


if __name__ == "__main__":
    typer.run(main)
