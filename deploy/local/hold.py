"""One supervisor per folder: a lock that the system gives back however its holder dies."""

import fcntl
import json
import os
from pathlib import Path
from typing import TextIO

import psutil

from throughline.clock import iso
from throughline.errors import HeldByOther

LOCK = "lock"


class Hold:
    """Held from `take` to `release` or to the end of the process."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file: TextIO | None = None

    def take(self) -> "Hold":
        """Raises `HeldByOther` with pid and time if another process has it."""
        self._home.mkdir(parents=True, exist_ok=True)
        file = (self._home / LOCK).open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            pid, since = _owner(self._home)
            raise HeldByOther(str(self._home), pid, since) from None
        file.truncate(0)
        json.dump({"pid": os.getpid(), "since": iso(int(psutil.Process().create_time() * 1000))}, file)
        file.flush()
        self._file = file
        return self

    def release(self) -> None:
        """Lets another process take it; does nothing if it is not held."""
        if self._file:
            self._file.close()
        self._file = None


def holder(home: Path) -> tuple[int, str] | None:
    """Pid and time of the supervisor of this folder, or None if there is none."""
    if not (home / LOCK).exists():
        return None
    with (home / LOCK).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _owner(home)
    return None


def _owner(home: Path) -> tuple[int, str]:
    text = (home / LOCK).read_text()
    try:
        owner = json.loads(text)
    except json.JSONDecodeError:
        return 0, "a moment ago"  # it has the lock and is about to write its name
    return owner["pid"], owner["since"]
