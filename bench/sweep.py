"""A change of rules while events flow: how long the sweep takes, and what live events feel of it.

    python -m bench.sweep --events 200000 --rate 1000

One worker. `--events` are stitched before; then a steady load runs, with probes (bench.latency), and the rules change.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

import typer

from bench.ground import fill, ground, prepare, worker
from bench.latency import probes, quantile, steady
from bench.load import Shape, load
from streams.rules import parse
from throughline.cli._operator import say
from throughline.cli._ruling import claim_of
from throughline.options import Settings

SECOND = 'version = 2\n[identity.types]\nemail = { limit = 2 }\n[journeys]\nsession_at_most = "2 h"\n'
Metrics = Callable[[], Mapping[str, float]]


def main(
    events: Annotated[int, typer.Option(help="Touchpoints that are stored when the rules change.")] = 200_000,
    rate: Annotated[int, typer.Option(help="Events a second meanwhile, beside the probes.")] = 1_000,
) -> None:
    with ground() as at:
        values = at.values()
        settings = prepare(values)
        fill(settings, load(Shape(events)))
        with worker(values) as (_, metrics):
            _wait(lambda: metrics().get('throughline_marks_total{outcome="taken"}', 0) >= events * 0.98, 120)
            time.sleep(3)
            stop = threading.Event()
            load_thread = threading.Thread(target=steady, args=(settings, rate, 90, stop))
            load_thread.start()
            before = sorted(probes(settings, 8))
            began = time.monotonic()
            say(settings, [claim_of(parse(SECOND))])
            during = sorted(_probes_until(settings, metrics))
            took = time.monotonic() - began
            stop.set()
            load_thread.join()
    print(f"{events:,} touchpoints folded again in {took:.1f} s at {rate:,} events/s: {events / took:,.0f} a second")
    for name, waits in (("before", before), ("meanwhile", during)):
        print(f"  {name}: {len(waits)} probes, p50 {quantile(waits, 0.5):.0f} ms, p99 {quantile(waits, 0.99):.0f} ms")


def _probes_until(settings: Settings, metrics: Metrics) -> Iterator[float]:
    """Until the worker has nothing left to fold again."""
    while True:
        yield from probes(settings, 1)
        now = metrics()
        if now.get("throughline_rules_version") == 2 and now.get("throughline_sweep_rows_left") == 0:
            return


def _wait(until: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s")
        time.sleep(0.2)


if __name__ == "__main__":
    typer.run(main)
