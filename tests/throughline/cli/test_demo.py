import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sources.generator import Item
from throughline.cli._replay import records

DAYS = 3
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `throughline demo --once` prints for the first days, in a folder of its own."""
    command = [sys.executable, "-m", "throughline.cli", "demo", "--once", "--days", str(DAYS)]
    done = subprocess.run(
        command,
        cwd=tmp_path_factory.mktemp("demo"),
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    assert found, text
    return int(found[1].replace(",", ""))


def test_every_touchpoint_is_stitched_once_and_to_the_true_customer(printed: str) -> None:
    sent = list(records(DAYS, ""))
    generated = [record for record in sent if isinstance(record, Item)]
    real = [record for record in sent if not isinstance(record, Item)]
    lost = sum(item.kind in ("duplicate", "malformed") for item in generated)
    people = {item.person for item in generated if item.person}
    people |= {f"household:{record.key.decode().partition(':')[2]}" for record in real if record.key}
    assert number(r"([\d,]+) touchpoints of", printed) == len(sent) - lost
    assert number(r"touchpoints of ([\d,]+) customers", printed) == len(people)
    assert number(r"([\d,]+) orders", printed) == sum(b'"Order Completed"' in record.value for record in real)


def test_it_ends_with_what_to_try_next(printed: str) -> None:
    assert "Try next" in printed and "throughline watch" in printed
