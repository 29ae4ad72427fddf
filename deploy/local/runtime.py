"""The runtime file: what runs in this folder and how to reach it. Only its owner may read it: it holds passwords."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.process import stop_stranger

RUNTIME = "runtime.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A process that the supervisor started. `started_at` in seconds since 1970 tells it from a reused pid."""

    name: str
    pid: int
    started_at: float
    log: str
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Runtime:
    """`settings` is the layer that `throughline.settings.load` merges; `ready` is true once everything was started."""

    settings: dict[str, Any] = field(default_factory=dict)
    processes: tuple[Entry, ...] = ()
    ready: bool = False

    def write(self, home: Path) -> None:
        """Appears whole or not at all."""
        scratch = home / f"{RUNTIME}.new"
        scratch.touch(mode=0o600)
        scratch.write_text(json.dumps(asdict(self), indent=2))
        scratch.replace(home / RUNTIME)


def read(home: Path) -> Runtime | None:
    """None if no supervisor left one."""
    path = home / RUNTIME
    if not path.exists():
        return None
    found = json.loads(path.read_text())
    return Runtime(found["settings"], tuple(Entry(**entry) for entry in found["processes"]), found["ready"])


def remove(home: Path) -> None:
    """After a clean end nothing runs and nothing can be reached."""
    (home / RUNTIME).unlink(missing_ok=True)


def stop_leftovers(home: Path) -> list[Entry]:
    """Ends what a supervisor that was killed left running, the last started first; gives what was found."""
    left = read(home)
    entries = reversed(left.processes) if left else ()
    return [entry for entry in entries if stop_stranger(entry.pid, entry.started_at)]
