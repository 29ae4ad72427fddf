import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.process import Process, describe_exit
from deploy.local.supervisor import BackOff, Supervisor
from throughline.errors import Unavailable

SLEEP = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    made = Supervisor(said.append, back_off=BackOff(first=0.05))
    yield made
    made.kill()


def process(folder: Path, name: str, code: str, patience: float = 5.0) -> Process:
    return Process(name, [sys.executable, "-c", code], folder, folder / f"{name}.log", patience=patience)


def watch_until(supervisor: Supervisor, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        supervisor.watch()
        time.sleep(0.01)


def test_a_dead_process_is_restarted_and_said_so(supervisor: Supervisor, said: list[str], tmp_path: Path) -> None:
    supervisor.start([process(tmp_path, "one", SLEEP)])
    first = supervisor.entries()[0]
    psutil.Process(first.pid).kill()
    watch_until(supervisor, lambda: supervisor.entries()[0].restarts == 1)
    assert supervisor.entries()[0].pid != first.pid
    assert said[0].startswith("one was killed by signal 9; restarting in 0.05 s")
    assert said[1].startswith("one restarted, pid ")


def test_a_process_that_dies_at_once_is_restarted_ever_more_slowly(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    supervisor.start([process(tmp_path, "ill", "raise SystemExit(1)")])
    watch_until(supervisor, lambda: len(said) >= 5)
    assert "ended with 1; restarting in 0.05 s" in said[0]
    assert "restarting in 0.1 s" in said[2]
    assert "restarting in 0.2 s" in said[4]


def test_back_off_has_a_ceiling() -> None:
    assert BackOff(first=0.5, longest=30).delay(100) == 30


def test_the_last_stage_ends_first(supervisor: Supervisor, tmp_path: Path) -> None:
    code = "import signal, sys, time\n"
    code += "signal.signal(15, lambda *_: (open('order', 'a').write({!r}), sys.exit()))\n"
    code += "print('up', flush=True)\ntime.sleep(60)"
    for name in ("server", "worker"):
        supervisor.start([process(tmp_path, name, code.format(name + " "))])
        watch_until(supervisor, lambda name=name: "up" in (tmp_path / f"{name}.log").read_text())  # type: ignore[misc]  # bound now
    supervisor.stop()
    assert (tmp_path / "order").read_text() == "worker server "


def test_who_does_not_end_is_killed_and_named(supervisor: Supervisor, said: list[str], tmp_path: Path) -> None:
    supervisor.start([process(tmp_path, "deaf", DEAF, patience=0.2)])
    watch_until(supervisor, lambda: "deaf" in (tmp_path / "deaf.log").read_text())
    supervisor.stop()
    assert said == ["deaf did not end within 0.2 s and was killed"]


def test_a_stage_that_does_not_start_can_still_be_stopped(supervisor: Supervisor, tmp_path: Path) -> None:
    good = process(tmp_path, "good", SLEEP)
    bad = Process("bad", [sys.executable, "-c", ""], tmp_path, tmp_path / "bad.log", ready=lambda: False)
    with pytest.raises(Unavailable, match="bad ended with 0 while starting"):
        supervisor.start([good, bad])
    supervisor.stop()
    assert supervisor.entries() == ()


def test_exits_are_described() -> None:
    assert describe_exit(-15) == "was killed by signal 15"
    assert describe_exit(2) == "ended with 2"
