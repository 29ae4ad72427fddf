import sys
from pathlib import Path

import pytest

from deploy.local import runtime
from deploy.local.process import Process, Running
from deploy.local.runtime import Entry, Runtime
from throughline.errors import ConfigurationError
from throughline.settings import load


def test_what_is_written_is_read(tmp_path: Path) -> None:
    made = Runtime({"workers": 3}, (Entry("kafka", 1, 2.5, "kafka.log", 1),), ready=True)
    made.write(tmp_path)
    assert runtime.read(tmp_path) == made


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    Runtime().write(tmp_path)
    assert (tmp_path / "runtime.json").stat().st_mode & 0o777 == 0o600


def test_other_commands_get_their_settings_from_it(tmp_path: Path) -> None:
    home = tmp_path / ".throughline"
    home.mkdir()
    Runtime({"kafka": {"bootstrap_servers": "127.0.0.1:21000"}}).write(home)
    assert load(tmp_path).kafka.bootstrap_servers == "127.0.0.1:21000"


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    home = tmp_path / ".throughline"
    home.mkdir()
    (home / "runtime.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"runtime\.json is damaged"):
        load(tmp_path)


def test_leftovers_of_a_killed_run_are_ended(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    left = Running(Process("left", sleep, tmp_path, tmp_path / "left.log"))
    gone = Entry("gone", left.pid, left.started_at - 1000, "gone.log")
    Runtime(processes=(Entry("left", left.pid, left.started_at, "left.log"), gone)).write(tmp_path)
    assert [entry.name for entry in runtime.stop_leftovers(tmp_path)] == ["left"]
    left.kill()
