"""One operating-system process of the stack: what to run, how to see that it is ready, how it ends."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from throughline.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Process:
    """What to run. `ready` may be called many times and must not block longer than a second; None: ready at once.

    SIGTERM asks it to end; after `patience` seconds it is killed. With `tied` it ends when its parent does, however
    that dies (where the system can do this; elsewhere the next start cleans up).
    """

    name: str
    command: Sequence[str]
    folder: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    start_within: float = 60.0
    patience: float = 20.0
    tied: bool = True


class Running:
    """A process that was started. Its output goes to the end of its log file."""

    def __init__(self, process: Process) -> None:
        self.process = process
        process.folder.mkdir(parents=True, exist_ok=True)
        process.log.parent.mkdir(parents=True, exist_ok=True)
        with process.log.open("ab") as log:
            self._popen = subprocess.Popen(
                [*_tie(process.tied), *process.command],
                cwd=process.folder,
                env={**os.environ, **process.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in a terminal must reach the supervisor alone
            )
        self.started_at = time.time()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for a signal."""
        return self._popen.poll()

    def is_ready(self) -> bool:
        return self.process.ready is None or self.process.ready()

    def wait_until_ready(self) -> None:
        """Raises `Unavailable` with the end of the log if it ends or is not ready in time."""
        deadline = time.monotonic() + self.process.start_within
        while not self.is_ready():
            if self.exit_code is not None:
                raise Unavailable(f"{self.process.name} ended with {self.exit_code} while starting{self._tail()}")
            if time.monotonic() > deadline:
                raise Unavailable(f"{self.process.name} not ready in {self.process.start_within:g} s{self._tail()}")
            time.sleep(0.02)

    def ask_to_end(self) -> None:
        """SIGTERM, without waiting."""
        if self.exit_code is None:
            self._popen.send_signal(signal.SIGTERM)

    def stop(self) -> bool:
        """SIGTERM, patience, SIGKILL. True if it ended by itself."""
        self.ask_to_end()
        try:
            self._popen.wait(self.process.patience)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self._popen.kill()
        self._popen.wait()

    def _tail(self) -> str:
        lines = self.process.log.read_text(errors="replace").splitlines()[-15:]
        return f"; the end of {self.process.log}:\n" + "\n".join(lines)


def stop_stranger(pid: int, started_at: float, patience: float = 20.0) -> bool:
    """Ends a process that is not our child, if `pid` still is the one that was started then. False if it is gone."""
    stranger = same_process(pid, started_at)
    if stranger is None:
        return False
    stranger.terminate()
    try:
        stranger.wait(patience)
    except psutil.TimeoutExpired:
        stranger.kill()
        stranger.wait(10)
    return True


def same_process(pid: int, started_at: float) -> psutil.Process | None:
    """The process with that pid if it began within two seconds of `started_at`; a reused pid is somebody else."""
    try:
        found = psutil.Process(pid)
        if abs(found.create_time() - started_at) > 2 or found.status() == psutil.STATUS_ZOMBIE:
            return None
    except psutil.NoSuchProcess:
        return None
    return found


def describe_exit(code: int | None) -> str:
    """`ended with 1` or `was killed by signal 9`."""
    return f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with {code}"


def _tie(tied: bool) -> list[str]:
    # The system sends this signal when the *thread* that started the process ends, so only the main thread may tie.
    by_main_thread = threading.current_thread() is threading.main_thread()
    setpriv = shutil.which("setpriv") if tied and by_main_thread else None
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []
