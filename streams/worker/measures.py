"""What a worker counts, in the names of `throughline.metrics`."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from streams.steps.intake import Taken
from streams.steps.journeys import Done, Journeys
from streams.steps.sweep import Sweep
from throughline import metrics


class Measures:
    """Counts per batch, never per event."""

    @contextmanager
    def taking(self, records: int) -> Iterator[Callable[[Taken], None]]:
        def note(taken: Taken) -> None:
            metrics.RECORDS.labels("stored").inc(taken.stored)
            metrics.RECORDS.labels("dead").inc(taken.dead)
            metrics.CLAIMS_SENT.inc(taken.claimed)

        with self._timed("intake"):
            yield note
        metrics.BATCH_SIZE.labels("intake").observe(records)

    @contextmanager
    def folding(self, marks: int) -> Iterator[Callable[[Done], None]]:
        def note(done: Done) -> None:
            metrics.MARKS.labels("taken").inc(marks)
            metrics.MARKS.labels("forwarded").inc(done.forwarded)
            metrics.CUSTOMERS_LOADED.inc(done.loaded)
            metrics.ROWS_WRITTEN.inc(done.rows)
            metrics.SIGNALS.inc(len(done.signals))

        with self._timed("journeys"):
            yield note
        metrics.BATCH_SIZE.labels("journeys").observe(marks)

    def sweeping(self, sweeps: Iterable[Sweep]) -> None:
        under_way = list(sweeps)
        metrics.RULES_VERSION.set(min(sweep.version for sweep in under_way))
        metrics.SWEEP_ROWS_LEFT.set(sum(sweep.left for sweep in under_way))

    def holding(self, journeys: Sequence[Journeys]) -> None:
        metrics.PARTITIONS.set(sum(len(each.epochs) for each in journeys))
        metrics.VIEW_POSITION.set(journeys[0].view.position)
        metrics.CACHE_BYTES.set(sum(each.cache.bytes for each in journeys))

    @contextmanager
    def resolving(self, claims: int) -> Iterator[None]:
        with self._timed("resolver"):
            yield
        metrics.CLAIMS_DECIDED.inc(claims)

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        metrics.BATCH_SECONDS.labels(step).observe(time.perf_counter() - began)
