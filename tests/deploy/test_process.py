import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from deploy.local.process import Process, Running, same_process, stop_stranger
from throughline.errors import Unavailable

SLEEP = "import time; time.sleep(60)"
CHILD = "print('up', flush=True); " + SLEEP
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def process(folder: Path, code: str, **options: object) -> Process:
    made = {"name": "it", "command": [sys.executable, "-c", code], "folder": folder, "log": folder / "it.log"}
    return Process(**{**made, **options})  # type: ignore[arg-type]  # options are of the fields' types


def test_output_goes_to_the_end_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "it.log").write_text("before\n")
    log = tmp_path / "it.log"
    running = Running(process(tmp_path, "print('said')", ready=lambda: "said" in log.read_text()))
    running.wait_until_ready()
    running.stop()
    assert (tmp_path / "it.log").read_text() == "before\nsaid\n"


def test_a_process_that_ends_while_starting_shows_its_last_words(tmp_path: Path) -> None:
    running = Running(process(tmp_path, "print('no disk'); raise SystemExit(3)", ready=lambda: False))
    with pytest.raises(Unavailable, match=r"it ended with 3 while starting(.|\n)*no disk"):
        running.wait_until_ready()


def test_a_process_that_is_never_ready_is_named(tmp_path: Path) -> None:
    running = Running(process(tmp_path, SLEEP, ready=lambda: False, start_within=0.1))
    with pytest.raises(Unavailable, match=r"it not ready in 0\.1 s"):
        running.wait_until_ready()
    running.kill()


def test_a_process_that_ignores_sigterm_is_killed_after_its_patience(tmp_path: Path) -> None:
    log = tmp_path / "it.log"
    running = Running(process(tmp_path, DEAF, patience=0.2, ready=lambda: "deaf" in log.read_text()))
    running.wait_until_ready()
    assert not running.stop()
    assert running.exit_code == -signal.SIGKILL


def test_a_tied_process_ends_with_its_parent(tmp_path: Path) -> None:
    code = f"""
import sys, time
from pathlib import Path
from deploy.local.process import Process, Running
folder = Path({str(tmp_path)!r})
log = folder / "child.log"
child = Running(Process("child", [sys.executable, "-c", {CHILD!r}], folder, log, ready=lambda: log.read_text()))
child.wait_until_ready()
print(child.pid, flush=True)
time.sleep(60)
"""
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    assert _ends(child)


def test_a_stranger_is_ended_only_if_it_is_the_one_that_was_meant(tmp_path: Path) -> None:
    running = Running(process(tmp_path, SLEEP))
    began = psutil.Process(running.pid).create_time()
    assert same_process(running.pid, began - 100) is None
    assert not stop_stranger(running.pid, began - 100)
    assert running.exit_code is None
    assert stop_stranger(running.pid, began)
    assert same_process(running.pid, began) is None
    running.kill()


def test_a_pid_that_is_gone_is_nobody() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert same_process(gone.pid, time.time()) is None


def _ends(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except (ProcessLookupError, psutil.NoSuchProcess):
            return True
        time.sleep(0.02)
    return False
