import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.process import Process
from deploy.local.scheduled import Scheduled
from deploy.local.supervisor import Supervisor


def process(folder: Path, code: str) -> Process:
    return Process("audit", [sys.executable, "-c", code], folder, folder / "audit.log", patience=5.0)


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_runs_when_due_and_not_before(tmp_path: Path) -> None:
    scheduled = Scheduled(process(tmp_path, "print('done')"), every=60.0, now=100.0)
    assert scheduled.tick(159.0) == ""
    assert not (tmp_path / "audit.log").exists()
    scheduled.tick(160.0)
    until(lambda: (tmp_path / "audit.log").read_text() == "done\n")
    scheduled.stop()


def test_it_never_runs_twice_at_one_time(tmp_path: Path) -> None:
    scheduled = Scheduled(process(tmp_path, "print('began', flush=True); import time; time.sleep(60)"), 1.0, now=0.0)
    for now in range(5):
        scheduled.tick(now)
    until(lambda: (tmp_path / "audit.log").read_text() == "began\n")
    scheduled.kill()
    assert (tmp_path / "audit.log").read_text() == "began\n"


def test_a_bad_end_is_said_and_the_next_run_comes_all_the_same(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    supervisor.schedule(process(tmp_path, "raise SystemExit(1)"), every=0.05)
    deadline = time.monotonic() + 10
    while len(said) < 2 and time.monotonic() < deadline:
        supervisor.watch()
        time.sleep(0.01)
    supervisor.stop()
    assert said[:2] == [f"audit ended with 1 (log: {tmp_path / 'audit.log'})"] * 2
