"""A rebuild on real servers while events flow, customers merge, and somebody is killed: readers notice nothing, and at the end
the tables are those of the reference."""

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
from throughline.cli.rebuild import rebuild

CUSTOMERS = 150
KINDS = "anonymous_id", "device_id", "email", "user_id"
OWNED = [[(kind, f"{kind}-{n}@example.org") for kind in KINDS] for n in range(CUSTOMERS)]
PORTIONS = 15  # of each half


class Feed(threading.Thread):
    """Sends records bit by bit: one half while a rebuild begins, the other when it has begun to fold."""

    def __init__(self, house: House, *halves: Sequence[Said]) -> None:
        super().__init__()
        self.house, self.halves, self.folding = house, halves, threading.Event()

    def tell(self, words: str, done: int, all: int) -> None:
        if words == "folding":
            self.folding.set()

    def run(self) -> None:
        for half in self.halves:
            for start in range(0, len(half), len(half) // PORTIONS + 1):
                self.house.emit(half[start : start + len(half) // PORTIONS + 1])
                time.sleep(0.2)
            self.folding.wait(60)


def begun(house: House) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "throughline.cli", "rebuild"]
    return subprocess.Popen(command, env=environment(house.values), stdout=subprocess.DEVNULL)


def killed_when_it_is_folding(house: House, process: subprocess.Popen[bytes]) -> None:
    connections = Connections(server_of(house.settings, "migrator"))
    while not connections.ask(
        "SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = 'rebuild_feed_stitched'"
    ):
        time.sleep(0.02)
    process.kill()
    process.wait()
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
        feed = Feed(house, joins[: len(joins) // 2], [*words, *joins[len(joins) // 2 :]])
        doomed = begun(house)
        with watched(house, len(before), pause=0.1) as reader:
            killed_when_it_is_folding(house, doomed)
            feed.start()
            house.kill_a_worker(random.Random(2))
            house.supervise()
            report = rebuild(house.settings, False, 60.0, feed.tell)
            feed.join()
            house.settle(60)
        assert (reader.looks > 10, reader.wrong) == (True, [])
        assert report.swapped
        assert stitched(house) == reference(house, [*before, *joins], int(time.time() * 1000), cuts)
        assert audit.run(house.settings, QUIET).is_right
        rebuild(
            house.settings, False, 60.0, feed.tell
        )  # a signal told amid exchange, kill and cut may be missing until then
        house.settle(30)
        assert rebuild(house.settings, True, 60.0, feed.tell).was_right
