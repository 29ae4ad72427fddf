"""CPU seconds and memory of processes with all their threads and children, read from the kernel's own account."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil


def seconds(pid: int) -> float:
    """User and system time of the process and its living children; 0 if it has gone."""
    try:
        process = psutil.Process(pid)
        own = [process, *process.children(recursive=True)]
        return sum(sum(p.cpu_times()[:2]) for p in own)
    except psutil.NoSuchProcess:
        return 0.0


def resident(pid: int) -> float:
    """Resident MB of the process and its children."""
    process = psutil.Process(pid)
    return float(sum(p.memory_info().rss for p in [process, *process.children(recursive=True)])) / 1e6


@dataclass(frozen=True)
class Reading:
    """CPU seconds of each named process at one moment."""

    at: float
    cpu: Mapping[str, float]


def read(pids: Mapping[str, int]) -> Reading:
    return Reading(time.perf_counter(), {name: seconds(pid) for name, pid in pids.items()})


@dataclass(frozen=True)
class Span:
    """What `events` cost between two readings: events/s, and microseconds of CPU an event by process."""

    events: int
    seconds: float
    micros: Mapping[str, float]

    @property
    def rate(self) -> float:
        return self.events / self.seconds

    @property
    def total(self) -> float:
        """Microseconds of CPU an event = CPU seconds per million events, all processes."""
        return sum(self.micros.values())


def between(before: Reading, after: Reading, events: int) -> Span:
    micros = {name: (used - before.cpu[name]) / events * 1e6 for name, used in after.cpu.items()}
    return Span(events, after.at - before.at, micros)
