"""What a fold costs: microseconds per event in order (at the 10th and 10,000th), cold, late; bytes per fact.

`python -m bench.fold`. Events of one customer in six channels, about 20 minutes apart; CPU time, gc frozen as in
a worker. The figure of a line is the median over short slices, which a busy neighbour disturbs least.
"""

import gc
import random
import time
import tracemalloc
from collections.abc import Sequence
from statistics import median

from schemas.fact import Fact, version_of
from sources.channels import discover
from streams.fold.defaults import default_rules
from streams.fold.timeline import Timeline

RULES = default_rules(discover())
START, GAP, HOUR = 1_700_000_000_000, 1_200_000, 3_600_000
KINDS = [
    *[("website", "Page Viewed")] * 10, *[("website", "Product Viewed")] * 5, *[("website", "Product Added")] * 2,
    *[("store", "Order Completed")] * 2, *[("email", "Email Opened")] * 2, ("email", "Support Email Received"),
    ("email", "Support Email Replied"), ("chat", "Live Chat Conversation Started"),
    ("chat", "Live Chat Message Received"), ("survey", "Survey Answered"), ("post", "Campaign Delivered"),
]  # fmt: skip


def customer(count: int, seed: int) -> list[Fact]:
    """A history in order of event time."""
    draw, at, facts = random.Random(seed), START, []
    node = draw.randbytes(16)
    for i in range(count):
        at += int(draw.expovariate(1 / GAP))
        channel, event = draw.choice(KINDS)
        metric = "csat" if channel == "survey" else ""
        facts.append(Fact(node, at, draw.randbytes(16), at, at, version_of(at, i), channel, event, "", 0, "", metric,
                          float(draw.randint(1, 5)), "/checkout"))  # fmt: skip
    return facts


def disturbed(facts: Sequence[Fact], share: float, seed: int) -> list[Fact]:
    """The same in order of arrival, when this share comes up to 24 hours late."""
    draw = random.Random(seed)
    delays = {fact: draw.uniform(0, 24 * HOUR) if draw.random() < share else 0.0 for fact in facts}
    return sorted(facts, key=lambda fact: fact.event_time + delays[fact])


def told(timeline: Timeline, facts: Sequence[Fact], batch: int) -> float:
    """CPU us per fact, rows included."""
    began = time.process_time_ns()
    for i in range(0, len(facts), batch):
        timeline.add(facts[i : i + batch])
        timeline.changed()
    return (time.process_time_ns() - began) / 1000 / len(facts)


def cold(count: int, batch: int, share: float = 0.0, customers: int = 2000) -> float:
    """Many customers with `count` events each, every one from its first event on."""
    histories = [disturbed(customer(count, seed), share, seed) for seed in range(customers)]
    return median(told(Timeline(RULES), history, batch) for history in histories)


def at_the_end(before: int, batch: int, share: float = 0.0) -> float:
    """The events after the first `before` of one customer."""
    history = disturbed(customer(before + 2000, 1), share, 1)
    timeline = Timeline(RULES)
    timeline.add(history[:before])
    timeline.changed()
    slices = [history[i : i + 40] for i in range(before, before + 2000, 40)]
    return median(told(timeline, slice, batch) for slice in slices)


def bytes_of(count: int, customers: int) -> float:
    """Bytes of a customer's timeline, facts included."""
    tracemalloc.start()
    kept = []
    for seed in range(customers):
        timeline = Timeline(RULES)
        timeline.add(customer(count, seed))
        timeline.changed()
        kept.append(timeline)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(kept)


def main() -> None:
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    print("CPU us per event, rows included       one event   batches of")
    print("                                       per call    10")
    for name, measure in (("10 events, cold customers", cold), ("after 10,000 events of one", at_the_end)):
        for share in (0.0, 0.02, 0.1):
            first = 10 if measure is cold else 10_000
            figures = [measure(first, batch, share) for batch in (1, 10)]
            print(f"{name:<28} {share:4.0%} late   {figures[0]:6.2f}   {figures[1]:6.2f}")
    small, large = bytes_of(10, 500), bytes_of(1000, 5)
    each = (large - small) / 990
    print(f"bytes: {small:,.0f} for 10 facts, {large:,.0f} for 1,000; {each:,.0f} per fact + {small - 10 * each:,.0f}")


if __name__ == "__main__":
    main()
