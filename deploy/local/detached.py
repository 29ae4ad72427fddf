"""Starting and ending a run that is not in the foreground."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from deploy.local import runtime
from deploy.local.hold import holder
from deploy.local.stack import Choices
from throughline.errors import HeldByOther, Unavailable
from throughline.settings import load

START_WITHIN = 300.0  # the first start fetches Kafka's jars
STOP_WITHIN = 75.0  # more than the patience of all stages together


def start_detached(folder: Path, choices: Choices) -> Path:
    """Starts `up` in the background and returns its log once all is up. Raises with the log's end if it fails."""
    home = load(folder).home
    if held := holder(home):
        raise HeldByOther(str(home), *held)
    log = home / "logs" / "up.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        up = subprocess.Popen(
            [sys.executable, "-m", "throughline.cli", "up", *_options(choices)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_WITHIN
    while not _ready(home, up.pid):
        if up.poll() is not None or time.monotonic() > deadline:
            raise Unavailable(f"the stack did not come up; the end of {log}:\n{log.read_text()[-3000:]}")
        time.sleep(0.1)
    up.returncode = 0  # it outlives us on purpose; Popen would warn about it
    return log


def stop(folder: Path) -> list[str]:
    """Ends the run of this folder and what a killed one left; gives a sentence for each."""
    home = load(folder).home
    said = []
    if held := holder(home):
        said.append(_stop_holder(*held))
    said += [f"{entry.name} (pid {entry.pid}), left by a killed run, ended" for entry in runtime.stop_leftovers(home)]
    runtime.remove(home)
    return said


def _stop_holder(pid: int, since: str) -> str:
    supervisor = psutil.Process(pid)
    supervisor.send_signal(signal.SIGTERM)
    try:
        supervisor.wait(STOP_WITHIN)
    except psutil.TimeoutExpired:
        supervisor.kill()
        return f"the stack (pid {pid}, since {since}) did not end within {STOP_WITHIN:g} s and was killed"
    return f"the stack (pid {pid}, since {since}) ended"


def _ready(home: Path, pid: int) -> bool:
    found = runtime.read(home)
    held = holder(home)
    return bool(found and found.ready and held and held[0] == pid)


def _options(choices: Choices) -> list[str]:
    options = ["--brokers", str(choices.brokers)] + (["--durable"] if choices.durable else [])
    return options + (["--workers", str(choices.workers)] if choices.workers else [])
