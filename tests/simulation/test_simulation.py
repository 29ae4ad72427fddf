"""The real steps end in the tables of the whole history, whatever befalls them; and every rule of the protocol is needed.

RUNS=100000 pytest tests/simulation for a long night.
"""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.simulation.removals import RULES
from tests.simulation.simulate import CHANGEABLE, STANDARD, Options, run
from tests.simulation.world import World

RUNS = int(os.environ.get("RUNS", 2000))
BLOCKS = 10
STEADY = replace(CHANGEABLE, crash=0.0, rebalance=0.0, unavailable=0.0, replace=0.0)
HAUNTED = replace(STEADY, replace=0.015)

# A rule, a schedule that ends wrong without it, and in which weather. A change of the steps changes the schedules, so if this
# one happens to end right the next ones are tried.
NEEDED = {
    "fence": (263, HAUNTED, 10),
    "barrier": (5, CHANGEABLE, None),
    "wait": (3, STEADY, 30),
    "facts_first": (8, STEADY, 25),
    "loser_reload": (5, CHANGEABLE, None),
    "prefix_state": (4, CHANGEABLE, None),
    "stored_deadlines": (4, CHANGEABLE, None),
    "tables_first": (13, CHANGEABLE, None),
    "held_only": (62, CHANGEABLE, None),
    "fingerprint": (0, CHANGEABLE, None),
    "sweep": (29, CHANGEABLE, None),
    "late_commit": (25, CHANGEABLE, None),
}
TRIES = 1500


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_schedule_ends_in_the_tables_of_the_whole_history(block: int) -> None:
    for seed in range(block * RUNS // BLOCKS, (block + 1) * RUNS // BLOCKS):
        ending = run(seed)
        assert ending.problem is None, f"seed {seed}: {ending.problem}"


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_needed(rule: str) -> None:
    first, weather, size = NEEDED[rule]
    options = Options(frozenset([rule]), weather, size=size)
    wrong = next((seed for seed in range(first, first + TRIES) if run(seed, options).problem), None)
    assert wrong is not None, f"{RULES[rule]}, and nothing goes wrong"
    assert run(wrong, replace(options, without=frozenset())).problem is None


def test_faults_do_happen() -> None:
    counts = sum((run(seed).world.counts for seed in range(60)), start=run(60).world.counts)
    assert all(counts[fault] for fault in ("crash", "zombie", "rebalance", "unavailable", "fenced")), counts


def test_a_seed_is_one_schedule_in_every_process() -> None:
    code = "from tests.simulation.test_simulation import fingerprint, run; print(fingerprint(run(5).world))"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == fingerprint(run(5, STANDARD).world)


def fingerprint(world: World) -> str:
    """Of everything that was ever sent, in its order."""
    return hashlib.sha256(repr(sorted(world.kafka.logs.items())).encode()).hexdigest()
