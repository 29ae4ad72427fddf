"""Once a second, in a thread of its own: how many events came, how far they are stitched, what was refused."""

import threading
import time
from dataclasses import dataclass, replace
from types import TracebackType

from schemas.topics import CLAIMS, INBOX, PUBLIC
from sinks.clickhouse.connect import server_of
from sinks.clickhouse.server import Connections
from throughline.cli.status import freshness
from throughline.errors import ThroughlineError
from throughline.lag import LagReader, TopicLag
from throughline.options import Settings

DEAD_LETTERS = "SELECT uniqExact(topic, partition, offset) FROM dead_letters"
EVERY = 1.0
LETTERS_EVERY = 5  # beats


@dataclass(frozen=True)
class Beat:
    """One look. `events`: in the public topics, ever; `per_second`: since the look before. `behind`: seconds, the age of
    the oldest record that is not stitched. `problem`: why there is nothing new."""

    at: float = 0.0
    events: int = 0
    per_second: float = 0.0
    behind: float = 0.0
    waiting: int = 0
    dead_letters: int = 0
    problem: str = ""


class Pulse:
    """`latest` is the newest look; it never blocks. A server that is away is asked again, until the end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._asked = Connections(replace(server_of(settings, "auditor"), patience=2.0))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
        self.latest = Beat()

    def __enter__(self) -> "Pulse":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(10)
        self._asked.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except ThroughlineError as error:
                self.latest = replace(self.latest, problem=str(error), per_second=0.0)
                self._stop.wait(EVERY)

    def _follow(self) -> None:
        prefix = self._settings.topic_prefix
        with LagReader(self._settings.kafka, f"{prefix}throughline") as reader:
            public = [name for name in reader.topics() if name.startswith(prefix + PUBLIC)]
            beats = 0
            while not self._stop.is_set():
                letters = self.latest.dead_letters if beats % LETTERS_EVERY else self._dead_letters()
                lags = reader.read([*public, prefix + CLAIMS, prefix + INBOX])
                self.latest = beat(lags, set(public), letters, self.latest, time.time())
                beats += 1
                self._stop.wait(EVERY)

    def _dead_letters(self) -> int:
        columns = self._asked.ask(DEAD_LETTERS)
        return int(columns[0][0]) if columns else 0


def beat(lags: list[TopicLag], public: set[str], dead_letters: int, before: Beat, now: float) -> Beat:
    """`now`: seconds since 1970. The first look knows no rate."""
    events = sum(lag.written for lag in lags if lag.topic in public)
    rate = (events - before.events) / (now - before.at) if before.at else 0.0
    behind = freshness(lags, int(now * 1000))["seconds_behind"]
    return Beat(now, events, rate, behind, sum(lag.waiting for lag in lags), dead_letters)
