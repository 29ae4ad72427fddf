import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.hold import Hold, holder
from throughline.errors import HeldByOther

ROOT = Path(__file__).parents[2]
KEEP = """
import sys, time
from pathlib import Path
from deploy.local.hold import Hold
hold = Hold(Path(sys.argv[1])).take()
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_hold_says_who_has_it_and_since_when(tmp_path: Path) -> None:
    first = Hold(tmp_path).take()
    with pytest.raises(HeldByOther, match=rf"held by pid {os.getpid()} since 20.*`throughline down`"):
        Hold(tmp_path).take()
    first.release()


def test_a_released_folder_can_be_taken_again(tmp_path: Path) -> None:
    Hold(tmp_path).take().release()
    assert holder(tmp_path) is None
    Hold(tmp_path).take().release()


def test_nobody_holds_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert holder(tmp_path / "none") is None


def test_a_holder_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KEEP, tmp_path], cwd=ROOT, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        held = holder(tmp_path)
        assert held is not None
        assert held[0] == other.pid
        other.kill()
        other.wait()
    assert holder(tmp_path) is None
