"""A rebuild on real servers while events flow, customers merge, and somebody is killed: readers notice nothing, and at the end
the tables are those of the reference."""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from schemas.messages import Claim, encode
from schemas.topics import CLAIMS
from sinks.clickhouse.connect import server_of
from sinks.clickhouse.server import Connections
from tests.pipeline.house import House, environment
from tests.pipeline.reference import reference, stitched
from tests.pipeline.test_merges import LATER, SETTLED, member, seen, watched
from tests.pipeline.torture import QUIET, Said
from throughline.cli import audit

CUSTOMERS = 150
KINDS = "anonymous_id", "device_id", "email", "user_id"
OWNED = [[(kind, f"{kind}-{n}@example.org") for kind in KINDS] for n in range(CUSTOMERS)]
SECONDS = 10.0  # over which the customers merge


class Feed(threading.Thread):
    """Sends records bit by bit."""

    def __init__(self, house: House, records: Sequence[Said]) -> None:
        super().__init__()
        self.house, self.records = house, records

    def run(self) -> None:
        step = len(self.records) // int(SECONDS * 4) + 1
        for start in range(0, len(self.records), step):
            self.house.emit(self.records[start : start + step])
            time.sleep(0.25)


def begun(house: House, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "throughline.cli", "rebuild", "--json", *arguments]
    return subprocess.Popen(command, env=environment(house.values), cwd=house.folder, stdout=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(said)
    return found


def killed_when_it_is_folding(house: House, process: subprocess.Popen[str]) -> None:
    connections = Connections(server_of(house.settings, "migrator"))
    while not connections.ask(
        "SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = 'rebuild_feed_stitched'"
    ):
        time.sleep(0.02)
    process.kill()
    process.communicate()
    connections.close()


def merges() -> tuple[list[Any], list[tuple[int, int, int]]]:
    """Settled identifiers, and the ways in which they are joined: two pairs of each customer, then one customer of four."""
    names = [(n * 4 + i, name) for n, own in enumerate(OWNED) for i, name in enumerate(own)]
    return names, [(n, a, b) for a, b in ((0, 1), (2, 3), (1, 2)) for n in range(CUSTOMERS)]


def test_a_rebuild_beside_the_flow(tmp_path: Path, kafka: Kafka, clickhouse: ClickHouse) -> None:
    with House(tmp_path, kafka, clickhouse, run="rebuilt") as house:
        names, ways = merges()
        before = [seen(house, n, SETTLED, **dict([name])) for n, name in names]
        joins = [
            seen(house, 1_000 + n, LATER, **dict([OWNED[who][a], OWNED[who][b]])) for n, (who, a, b) in enumerate(ways)
        ]
        cuts = [
            Claim("cut", member(house, *own[1]), member(house, *own[2]), 0, 0, "operator", n.to_bytes(16, "big"), "two")
            for n, own in enumerate(OWNED[::5])
        ]
        words = [Said(house.settings.topic_prefix + CLAIMS, None, encode(cut)) for cut in cuts]
        house.start([1, 2])
        house.emit(before)
        house.settle(60)
        random.Random(1).shuffle(joins)
        feed = Feed(house, [*joins[: len(joins) // 2], *words, *joins[len(joins) // 2 :]])
        with watched(house, len(before)) as reader:
            feed.start()
            killed_when_it_is_folding(house, begun(house))
            house.kill_a_worker(random.Random(2))
            house.supervise()
            reports = [ended(begun(house))]
            feed.join()
            reports.append(ended(begun(house)))
            house.settle(60)
        assert (reader.looks > 10, reader.wrong) == (True, [])
        assert [report["exchanged"] for report in reports] == [True, True]
        assert stitched(house) == reference(house, [*before, *joins], int(time.time() * 1000), cuts)
        assert audit.run(house.settings, QUIET).is_right
        assert ended(begun(house, "--check"))["was_right"]
