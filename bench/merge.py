"""What does a large merge cost those beside it? An anonymous journey of 10,000 events gets a name, amid a steady load.

    python -m bench.merge --size 10000 --rate 2000

One worker. Prints how long it takes from the event that names the visitor until every touchpoint is the named customer's in the
analysts' view (looked at every 50 ms), and the slowest half second of the load beside it against the median one.
"""

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated
from uuid import UUID

import typer
from confluent_kafka import Producer

from bench.ground import fill, ground, prepare, worker
from bench.load import START, Load, Shape, iso, load
from schemas.ids import node_of, to_uuid
from schemas.topics import public_topic
from sinks.clickhouse.connect import open_views
from throughline.options import Settings

TAKEN = 'throughline_marks_total{outcome="taken"}'
LOOK = 0.05  # s
WINDOW = 0.5  # s


def visit(visitor: int, number: int, named: bool) -> Load:
    """An event of an anonymous visitor; `named`: with the card of the customer."""
    anonymous, user, at = f"merge-{visitor}", f"merged-{visitor}", iso(START + number * 60_000)
    identifiers = f'"anonymous_id":"{anonymous}"' + (f',"user_id":"{user}"' if named else "")
    id = UUID(int=(visitor + 1) << 64 | number)
    body = (f'{{"event_id":"{id}","event":"Product Viewed","channel":"website","source":"bench","original_timestamp":"{at}",'
            f'"received_at":"{at}","identifiers":{{{identifiers}}},"properties":{{}},"context":{{}}}}')  # fmt: skip
    return Load(f"user_id:{user}".encode() if named else f"anonymous_id:{anonymous}".encode(), body.encode())


class Pace(threading.Thread):
    """Produces the usual load at a rate until it is stopped, and counts what the worker has taken at every look."""

    def __init__(self, settings: Settings, rate: int, metrics: Callable[[], Mapping[str, float]]) -> None:
        super().__init__()
        self.settings, self.rate, self.metrics = settings, rate, metrics
        self.taken: list[tuple[float, float]] = []
        self.ended = threading.Event()

    def run(self) -> None:
        producer = Producer({"bootstrap.servers": self.settings.kafka.bootstrap_servers, "linger.ms": 5, "acks": "all",
                             "partitioner": "murmur2_random"})  # fmt: skip
        topic, records = public_topic("website", self.settings.topic_prefix), load(Shape(10_000_000))
        began, sent = time.monotonic(), 0
        while not self.ended.wait(LOOK):
            while sent < (time.monotonic() - began) * self.rate:
                record = next(records)
                producer.produce(topic, record.value, record.key)
                sent += 1
            producer.poll(0)
            self.taken.append((time.monotonic(), self.metrics().get(TAKEN, 0)))
        producer.flush()

    def rates(self, since: float, until: float) -> Iterator[float]:
        """Events/s in each half second between two moments."""
        before = None
        for look in self.taken:
            if since <= look[0] <= until and (before is None or look[0] - before[0] >= WINDOW):
                if before is not None:
                    yield (look[1] - before[1]) / (look[0] - before[0])
                before = look


def merge(settings: Settings, visitor: int, size: int) -> float:
    """Seconds from before the send until every touchpoint is the named customer's."""
    views = open_views(settings, "auditor")
    nodes = [to_uuid(node_of(type, value, settings.identity.node_key))
             for type, value in (("user_id", f"merged-{visitor}"), ("anonymous_id", f"merge-{visitor}"))]  # fmt: skip
    query = f"SELECT countIf(customer_id = '{nodes[0]}') FROM journey_touchpoints WHERE node IN ('{nodes[0]}', '{nodes[1]}')"
    began = time.monotonic()
    fill(settings, [visit(visitor, size, named=True)])
    while (found := views.ask(query, max_threads=1)[0][0]) < size + 1:
        if time.monotonic() - began > 120:
            raise TimeoutError(f"{found} of {size + 1} touchpoints are the customer's after two minutes")
        time.sleep(LOOK)
    return time.monotonic() - began


def main(
    size: Annotated[int, typer.Option(help="Events of the anonymous journey.")] = 10_000,
    rate: Annotated[int, typer.Option(help="Events a second beside it.")] = 2_000,
    merges: Annotated[int, typer.Option(help="How many, one after the other.")] = 5,
) -> None:
    with ground() as at:
        values = at.values()
        settings = prepare(values)
        with worker(values) as (_, metrics):
            sent = fill(settings, (visit(v, n, named=False) for v in range(merges) for n in range(size)))
            while metrics().get(TAKEN, 0) < sent:
                time.sleep(0.2)
            pace = Pace(settings, rate, metrics)
            pace.start()
            time.sleep(10)
            calm, took = time.monotonic(), []
            for visitor in range(merges):
                took.append(merge(settings, visitor, size))
                time.sleep(2)
            end = time.monotonic()
            pace.ended.set()
            pace.join()
    before, during = list(pace.rates(calm - 8, calm)), list(pace.rates(calm, end))
    print(f"{merges} merges of {size:,} events at {rate:,} events/s beside them: median {statistics.median(took):.2f} s, "
          f"longest {max(took):.2f} s; the load: median {statistics.median(before):,.0f}/s before, "
          f"slowest half second {min(during):,.0f}/s")  # fmt: skip


if __name__ == "__main__":
    typer.run(main)
