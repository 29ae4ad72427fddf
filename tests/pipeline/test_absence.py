"""Nobody answers, live: armed by one process, which is killed, told by the next, and taken back by what is told late."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

import pytest

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from schemas.ids import from_uuid, node_of
from sinks.clickhouse.connect import server_of
from sinks.clickhouse.server import Connections
from sources.emitter import Emitter
from tests.pipeline.house import House
from throughline.clock import iso

WITHIN = 600_000  # ms that a chat may wait, by the rules that ship
CHATS, ANSWERED, TOO_LATE = range(60), range(20), range(20, 30)
SOON = 10_000  # ms until the first is due
Row = tuple[bytes, int, int]


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory, kafka: Kafka, clickhouse: ClickHouse) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("absence"), kafka, clickhouse, run="absent") as house:
        yield house


def said(event: str, chat: int, at: int) -> dict[str, Any]:
    return {
        "event_id": f"{event}-{chat}", "event": event, "channel": "chat", "source": "web",
        "original_timestamp": iso(at), "identifiers": {"email": f"{chat}@x.org", "chat_id": f"C-{chat}"},
        "properties": {},
    }  # fmt: skip


def emit(house: House, events: Iterable[dict[str, Any]]) -> None:
    with Emitter(house.settings) as emitter:
        for event in events:
            emitter.emit(event)


def wait(house: House, done: Callable[[], bool], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"{what}; exits {house.exits}"
        house.supervise()
        time.sleep(0.1)


def test_absence_is_told_once_by_whoever_lives_and_taken_back_by_a_late_answer(house: House) -> None:
    key = house.settings.identity.node_key
    node = {chat: node_of("email", f"{chat}@x.org", key) for chat in CHATS}
    with closing(Connections(server_of(house.settings, "auditor"))) as store:

        def count(table: str) -> int:
            return int(store.ask(f"SELECT count() FROM {table}")[0][0])

        def told(live: int) -> dict[bytes, int]:
            """{node: changes of mind}"""
            rows = store.ask(
                "SELECT node, toUInt64(version %% 65536) FROM friction FINAL WHERE signal = 'unanswered' AND live = %(live)s",
                {"live": live},
            )
            return dict(zip(map(from_uuid, rows[0]), rows[1], strict=True)) if rows else {}

        house.start([1, 2])
        wait(house, lambda: count("owners") == house.settings.partitions, "nobody owns the partitions")
        first = time.time_ns() // 1_000_000 + SOON - WITHIN
        emit(house, (said("Live Chat Message Sent", chat, first + 20 * chat) for chat in CHATS))
        emit(house, (said("Live Chat Message Received", chat, first + 60_000) for chat in ANSWERED))
        wait(house, lambda: count("stitched") >= len(CHATS) + len(ANSWERED), "not folded")
        assert count("deadlines") >= len(CHATS)
        for slot in (1, 2):  # nothing that was in memory is left
            house.workers[slot].kill()
            house.workers[slot].wait()
        waited = {node[chat] for chat in CHATS if chat not in ANSWERED}
        wait(house, lambda: len(told(1)) >= len(waited), "not told")
        assert told(1) == dict.fromkeys(waited, 1)
        emit(house, (said("Live Chat Message Received", chat, first + 60_000) for chat in TOO_LATE))
        wait(house, lambda: len(told(0)) == len(TOO_LATE), "not taken back")
        assert told(0) == {node[chat]: 2 for chat in TOO_LATE}
        assert told(1) == dict.fromkeys(waited - told(0).keys(), 1)
