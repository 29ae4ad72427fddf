"""What the operating system says about the processes of a folder."""

import time
from dataclasses import dataclass
from pathlib import Path

from deploy.local import runtime
from deploy.local.process import same_process
from deploy.local.runtime import Entry


@dataclass(frozen=True, slots=True)
class ProcessView:
    """`up_seconds`, `cpu_seconds` and `memory_bytes` (resident) are 0 if it does not run."""

    name: str
    pid: int
    running: bool
    restarts: int
    up_seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_bytes: int = 0


def processes(home: Path) -> list[ProcessView]:
    """The processes that the runtime file names, in the order of starting; none without such a file."""
    found = runtime.read(home)
    return [_look(entry) for entry in found.processes] if found else []


def _look(entry: Entry) -> ProcessView:
    process = same_process(entry.pid, entry.started_at)
    if process is None:
        return ProcessView(entry.name, entry.pid, False, entry.restarts)
    with process.oneshot():
        times = process.cpu_times()
        return ProcessView(
            name=entry.name,
            pid=entry.pid,
            running=True,
            restarts=entry.restarts,
            up_seconds=round(time.time() - entry.started_at, 1),
            cpu_seconds=round(times.user + times.system, 1),
            memory_bytes=process.memory_info().rss,
        )
