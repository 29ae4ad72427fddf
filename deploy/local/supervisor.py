"""Keeps processes running: starts them stage by stage, restarts a dead one with back-off, ends all in reverse order."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from deploy.local.process import Process, Running, describe_exit
from deploy.local.runtime import Entry
from deploy.local.scheduled import Scheduled


@dataclass(frozen=True, slots=True)
class BackOff:
    """Seconds before the n-th restart in a row: first, doubled each time, at most `longest`.

    A process that lived for `calm` seconds begins anew.
    """

    first: float = 0.5
    longest: float = 30.0
    calm: float = 60.0

    def delay(self, failures: int) -> float:
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 20))


class Watched:
    """One process with the memory of its deaths. Times are seconds of a monotonic clock."""

    def __init__(self, process: Process, back_off: BackOff, now: float) -> None:
        self.process = process
        self.restarts = 0
        self._back_off = back_off
        self._failures = 0
        self.running = Running(process)
        self.ready = False
        self._since = now
        self._due: float | None = None

    def tick(self, now: float) -> str:
        """Notices a death, restarts when due, notices that it is ready; gives a sentence if there is news."""
        if self._due is not None:
            return self._restart(now) if now >= self._due else ""
        if self.running.exit_code is not None:
            return self._mourn(now)
        if not self.ready and self.running.is_ready():
            self.ready = True
            return f"{self.process.name} is ready again" if self.restarts and self.process.ready else ""
        return ""

    def entry(self) -> Entry:
        running = self.running
        return Entry(self.process.name, running.pid, running.started_at, str(self.process.log), self.restarts)

    def _mourn(self, now: float) -> str:
        self._failures = 1 if now - self._since > self._back_off.calm else self._failures + 1
        delay = self._back_off.delay(self._failures)
        self._due, self.ready = now + delay, False
        how = describe_exit(self.running.exit_code)
        return f"{self.process.name} {how}; restarting in {delay:g} s (log: {self.process.log})"

    def _restart(self, now: float) -> str:
        self.restarts += 1
        self.running = Running(self.process)
        self.ready = False
        self._since, self._due = now, None
        return f"{self.process.name} restarted, pid {self.running.pid}"


class Supervisor:
    """`say` gets a sentence for people; `changed` is called when a process was started or restarted."""

    def __init__(
        self,
        say: Callable[[str], None],
        changed: Callable[[], None] = lambda: None,
        back_off: BackOff | None = None,
    ) -> None:
        self._say = say
        self._changed = changed
        self._back_off = back_off or BackOff()
        self._stages: list[list[Watched]] = []
        self._scheduled: list[Scheduled] = []

    def start(self, processes: Sequence[Process]) -> None:
        """Starts a stage and returns when all of it is ready; raises `Unavailable` if one does not get there."""
        stage: list[Watched] = []
        self._stages.append(stage)
        for process in processes:
            stage.append(Watched(process, self._back_off, time.monotonic()))
        self._changed()
        for watched in stage:
            watched.running.wait_until_ready()
            watched.ready = True

    def schedule(self, process: Process, every: float) -> None:
        """Runs a process to its end every so many seconds, from now on."""
        self._scheduled.append(Scheduled(process, every, time.monotonic()))

    def entries(self) -> tuple[Entry, ...]:
        """What runs now, in the order of starting."""
        return tuple(watched.entry() for watched in self._all())

    def all_ready(self) -> bool:
        """True if everything runs and answers."""
        return all(watched.ready for watched in self._all())

    def watch(self) -> None:
        """One look at every process. Called in a loop."""
        for scheduled in self._scheduled:
            if news := scheduled.tick(time.monotonic()):
                self._say(news)
        for watched in self._all():
            before = watched.running.pid
            if news := watched.tick(time.monotonic()):
                self._say(news)
            if watched.running.pid != before:
                self._changed()

    def stop(self) -> None:
        """Ends all, the last stage first; who outlives its patience is killed, and that is said."""
        while self._scheduled:
            self._scheduled.pop().stop()
        while self._stages:
            stage = self._stages[-1]
            for watched in stage:
                watched.running.ask_to_end()
            for watched in stage:
                if not watched.running.stop():
                    patience = watched.process.patience
                    self._say(f"{watched.process.name} did not end within {patience:g} s and was killed")
            self._stages.pop()

    def kill(self) -> None:
        """Ends all at once, by force."""
        for scheduled in self._scheduled:
            scheduled.kill()
        self._scheduled.clear()
        for watched in self._all():
            watched.running.kill()
        self._stages.clear()

    def _all(self) -> Iterator[Watched]:
        return (watched for stage in self._stages for watched in stage)
