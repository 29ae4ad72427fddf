"""The demo's data on its way into Kafka: a grocery chain's real year, and generated touches of its households."""

import heapq
import json
import os
import threading
from collections.abc import Iterator
from itertools import takewhile
from operator import attrgetter

from sources import complete_journey
from sources.emitter import Emitter, Policy, Record
from sources.generator import SOURCES, Item, Options, generate, live
from throughline.clock import SystemClock
from throughline.options import Settings

SEED = 2017
START = 1_483_228_800_000  # 2017-01-01
DAY = 86_400_000
POLICY = Policy(buffer_bytes=64 * 1024 * 1024, block_for=120, linger=0.05, batch_bytes=512 * 1024)


def trust(settings: Settings) -> None:
    """Lets this process and its children believe the sources of the demo: their time of receiving, their log-ins."""
    trusted = settings.intake.trusted_sources | set(SOURCES) | {complete_journey.SOURCE}
    caps = dict(SOURCES) | {complete_journey.SOURCE: complete_journey.ASSURANCE} | settings.identity.caps
    os.environ["THROUGHLINE_INTAKE__TRUSTED_SOURCES"] = json.dumps(sorted(trusted))
    os.environ["THROUGHLINE_IDENTITY__CAPS"] = json.dumps(caps)


def records(days: int, topic_prefix: str) -> Iterator[Record | Item]:
    """Both streams as one, in order of time, of the first `days` of 2017."""
    end = START + days * DAY
    orders = [order for order in complete_journey.orders() if order.at < end]
    households = sorted({order.household for order in orders})
    generated = generate(SEED, households, START, end, Options(orders, topic_prefix))
    real = takewhile(lambda record: record.at < end, complete_journey.records(topic_prefix))
    return heapq.merge(real, generated, key=attrgetter("at"))


class Sender:
    """Sends in a thread of its own, so that the caller can watch. `error` is what ended it early."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.sent, self.reached = 0, START
        self.error: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends it after the record in hand; what was sent is flushed."""
        self._stop.set()
        self._thread.join()

    def records(self) -> Iterator[Record | Item]:
        """What to send, in order of time."""
        raise NotImplementedError

    def _run(self) -> None:
        try:
            with Emitter(self._settings, POLICY) as emitter:
                for record in self.records():
                    if self._stop.is_set():
                        return
                    emitter.forward(Record(*record[:4]))
                    self.sent += 1
                    self.reached = record.at
        except Exception as error:  # it belongs to the thread that watches
            self.error = error


class Replay(Sender):
    """The past, as fast as it goes."""

    def __init__(self, settings: Settings, days: int) -> None:
        super().__init__(settings)
        self._days = days

    @property
    def share(self) -> float:
        """How much of the time to replay is done, 0 to 1."""
        return min(1.0, max(0, self.reached - START) / (self._days * DAY))

    def records(self) -> Iterator[Record | Item]:
        return records(self._days, self._settings.topic_prefix)


class Live(Sender):
    """Generated touches from now on, about `rate` a second, each when it happens."""

    def __init__(self, settings: Settings, rate: float) -> None:
        super().__init__(settings)
        self._rate = rate

    def records(self) -> Iterator[Record | Item]:
        clock = SystemClock()
        households = sorted({order.household for order in complete_journey.orders()})
        for item in live(SEED, households, clock.now(), self._rate, self._settings.topic_prefix):
            self._stop.wait(max(0, item.at - clock.now()) / 1000)
            yield item
