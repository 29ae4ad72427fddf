"""Ends a worker that does no work although there is some, and says what ops should know.

A crash, a stop or the event loop itself can hang; then nobody inside the loop is left to end the process. So the loop
only reports vitals, and a thread judges them. Ending the process loses nothing: what was not acked comes again.
"""

import asyncio
import faulthandler
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mode import Service

from streams.transport.install import ChunkTransport

EXIT_STALLED = 70  # EX_SOFTWARE of sysexits.h
INTERVAL = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until the worker is ended (first four) or an alarm is raised (last two)."""

    stalled: float = 300.0  # nothing acked, though records wait or are in hand; or the event loop stands still
    held: float = 300.0  # one chunk in hand and not acked, whatever flows beside it
    crashed: float = 15.0  # crashed, and still there
    stopping: float = 60.0  # told to stop, and still there
    oldest: float = 60.0  # a chunk is in hand and not acked: its partition commits nothing
    idle: float = 60.0  # member of the group without a partition


@dataclass(frozen=True, slots=True)
class Vitals:
    """A worker at monotonic second `taken`. `acked` counts chunks, and how often one in hand was renewed; `waiting` counts
    records in the log not fetched and those in hand."""

    taken: float
    acked: int = 0
    waiting: int = 0
    oldest: float | None = None  # monotonic second of delivery of the oldest chunk in hand
    partitions: int = 0
    truncated: tuple[str, ...] = ()
    crashed: bool = False
    stopping: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`end`: why the process has to go, or None. `alarms`: name -> what is wrong now."""

    end: str | None = None
    alarms: dict[str, str] = field(default_factory=dict)


class Judge:
    """Pure: vitals and time in, verdict out."""

    def __init__(self, patience: Patience, now: float) -> None:
        self._patience = patience
        self._acked = 0
        self._since = dict.fromkeys(("stalled", "crashed", "stopping", "idle"), now)

    def judge(self, vitals: Vitals, now: float) -> Verdict:
        progress = vitals.acked != self._acked or not vitals.waiting
        self._acked = vitals.acked
        healthy = {
            "stalled": progress and now - vitals.taken < self._patience.stalled,
            "crashed": not vitals.crashed,
            "stopping": not vitals.stopping,
            "idle": vitals.partitions > 0,
        }
        self._since |= {name: vitals.taken if name == "stalled" else now for name, fine in healthy.items() if fine}
        return Verdict(self._end(vitals, now), self._alarms(vitals, now))

    def _end(self, vitals: Vitals, now: float) -> str | None:
        if vitals.oldest is not None and (age := now - vitals.oldest) > self._patience.held:
            return f"a chunk is in hand for {age:.0f} s, whatever flows beside it"
        reasons = {
            "stalled": "nothing was acknowledged for {:.0f} s while records wait",
            "crashed": "crashed {:.0f} s ago and has not ended",
            "stopping": "told to stop {:.0f} s ago and has not ended",
        }
        for name, reason in reasons.items():
            if (age := now - self._since[name]) > getattr(self._patience, name):
                return reason.format(age)
        return None

    def _alarms(self, vitals: Vitals, now: float) -> dict[str, str]:
        alarms = {}
        if vitals.oldest is not None and now - vitals.oldest > self._patience.oldest:
            alarms["oldest"] = f"a chunk is in hand for {now - vitals.oldest:.0f} s; its partition commits nothing"
        if now - self._since["idle"] > self._patience.idle:
            alarms["idle"] = "member of the group without a partition: more workers than partitions, or no topics"
        if vitals.truncated:
            alarms["truncated"] = "deleted before they were read: " + ", ".join(vitals.truncated)
        return alarms


def leave(reason: str) -> None:
    """Ends the process at once, with the stack of every thread on stderr."""
    log.critical("worker ends: %s", reason)
    faulthandler.dump_traceback(all_threads=True)
    logging.shutdown()
    os._exit(EXIT_STALLED)


class Watchdog(Service):
    """A service for `app.add_dependency`. `alarms` is what is wrong now; each is logged when it comes and goes."""

    def __init__(
        self, transport: ChunkTransport, patience: Patience | None = None, end: Callable[[str], None] = leave,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        self.alarms: dict[str, str] = {}
        self._transport, self._patience, self._end = transport, patience or Patience(), end
        self._vitals = Vitals(taken=time.monotonic())
        super().__init__(**kwargs)

    async def on_start(self) -> None:
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    @Service.task
    async def _report(self) -> None:
        while True:  # until cancelled: a crashed or stopping app is watched most closely
            self._vitals = vitals_of(self._transport)
            await asyncio.sleep(INTERVAL)

    async def on_stop(self) -> None:
        self._vitals = vitals_of(self._transport)

    def _watch(self) -> None:
        judge = Judge(self._patience, time.monotonic())
        while True:
            time.sleep(INTERVAL)
            verdict = judge.judge(self._vitals, time.monotonic())
            self._tell(verdict.alarms)
            if verdict.end:
                return self._end(verdict.end)

    def _tell(self, alarms: dict[str, str]) -> None:
        for name in alarms.keys() - self.alarms.keys():
            log.error("alarm %s: %s", name, alarms[name])
        for name in self.alarms.keys() - alarms.keys():
            log.warning("alarm %s is over", name)
        self.alarms = alarms


def vitals_of(transport: ChunkTransport) -> Vitals:
    """In the event loop's thread."""
    app, consumer = transport.app, transport.consumer
    lanes = consumer.lanes.values()
    return Vitals(
        taken=time.monotonic(),
        acked=consumer.acked_chunks + sum(lane.renewals for lane in lanes),
        waiting=consumer.unread() + sum(lane.records for lane in lanes),
        oldest=min(filter(None, (lane.oldest() for lane in lanes)), default=None),
        partitions=len(lanes),
        truncated=tuple(f"{t}[{p}] {a}..{b - 1}" for (t, p), (a, b) in consumer.truncated.items()),
        crashed=bool(app.crashed),
        stopping=app.should_stop,
    )
