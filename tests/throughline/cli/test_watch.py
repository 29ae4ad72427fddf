import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition
from rich.console import Console

from queries.signals import Signal
from schemas.ids import to_uuid
from schemas.topics import FRICTION
from sources.emitter import Emitter
from streams.steps.rows import signal_message
from tests.pipeline.house import House, environment
from tests.throughline.cli.conftest import HOUR, NOW
from throughline.cli._feed import Feed, read
from throughline.cli._pulse import Beat, Pulse, beat
from throughline.cli.watch import KEPT, Board, beat_line, picture, signal_line
from throughline.clock import iso
from throughline.lag import TopicLag


def found(number: int, version: int = 0, live: bool = True, detail: str = "no answer") -> Signal:
    return Signal(UUID(int=number), "unanswered", UUID(int=7), "phone", "orders", 1_000 * number, detail, live, version)


def test_a_signal_known_from_the_view_is_no_news_when_it_is_announced() -> None:
    board = Board([found(2), found(1)])
    assert not board.take(found(1, version=5))
    assert [each.id.int for each in board.newest(9)] == [2, 1]


def test_a_withdrawn_signal_keeps_its_place_and_is_resolved() -> None:
    board = Board([found(2), found(1)])
    assert board.take(found(1, version=6, live=False, detail="disproved"))
    assert [(each.id.int, each.live) for each in board.newest(9)] == [(2, True), (1, False)]
    assert not board.take(found(1, version=5))


def test_what_came_last_stands_first_and_the_oldest_go() -> None:
    board = Board()
    for number in range(KEPT + 5):
        board.take(found(number, version=1))
    assert [each.id.int for each in board.newest(2)] == [KEPT + 4, KEPT + 3]
    assert len(board.newest(KEPT * 2)) == KEPT


def test_the_message_of_a_worker_is_read_as_it_was_meant() -> None:
    ids = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))
    row = (ids[0], NOW, ids[0], "low_score", 9 << 96, 1, ids[1], ids[2], "survey", "a [b]", NOW, NOW, "NPS of 1")
    message = signal_message("friction", row, 8)
    said = Signal(to_uuid(ids[1]), "low_score", to_uuid(ids[2]), "survey", "a [b]", NOW, "NPS of 1", True, 9 << 96)
    assert read(message.value or b"") == said


def test_rates_come_from_two_looks() -> None:
    lags = [TopicLag("touchpoints.store", 1, 500, 3, 8_000), TopicLag("inbox", 1, 90, 1, None)]
    first = beat(lags, {"touchpoints.store"}, 4, Beat(), now=10.0)
    assert (first.events, first.per_second, first.behind, first.waiting, first.dead_letters) == (500, 0.0, 2.0, 4, 4)
    lags[0] = TopicLag("touchpoints.store", 1, 800, 0, None)
    second = beat(lags, {"touchpoints.store"}, 4, first, now=12.0)
    assert (second.per_second, second.behind) == (150.0, 0.0)


def test_a_picture_fits_and_shows_what_it_is_told() -> None:
    console = Console(width=100)
    board = Board([found(1, live=False), found(2)])
    board.names[UUID(int=7)] = "email:a@[b].org"
    with console.capture() as capture:
        console.print(picture(Beat(1.0, 12_345, 6.7, 0.4, 3, 2), board, 30, 1_000.0))
    told = capture.get()
    assert "12,345 in all" in told
    assert "resolved: no answer" in told.replace("\n", " ")
    assert max(map(len, told.splitlines())) <= 100


def test_lines_for_a_log_name_everything() -> None:
    board = Board()
    board.names[UUID(int=7)] = "phone:+1"
    assert signal_line(found(1), board) == (
        f"1970-01-01T00:00:01.000Z signal unanswered customer {UUID(int=7)} phone:+1, phone orders: no answer"
    )
    assert beat_line(Beat(1.0, 5, 2.0, 0.5, 1, 0, "away"), 0.0).endswith("1 waiting, 0 dead letters problem: away")


def test_a_server_that_is_away_is_a_problem_not_an_end(house: House) -> None:
    away = house.settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    with Pulse(house.settings.model_copy(update={"kafka": away})) as pulse:
        deadline = time.monotonic() + 20
        while not pulse.latest.problem and time.monotonic() < deadline:
            time.sleep(0.05)
    assert "does not answer" in pulse.latest.problem


def test_a_feed_begins_now(house: House) -> None:
    with Feed(house.settings) as feed:
        assert feed.poll(0.3) == []
    consumer = KafkaConsumer(**house.settings.kafka.client_arguments())
    parts = [TopicPartition(house.settings.topic_prefix + FRICTION, number) for number in range(8)]
    assert sum(consumer.end_offsets(parts).values()) > 0
    consumer.close()


@contextmanager
def watching(house: House, out: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "throughline.cli", "watch", "--plain"]
    with out.open("wb") as file:
        process = subprocess.Popen(command, env=environment(house.values), stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_signal_shows_within_seconds_and_ctrl_c_ends_cleanly(house: House, tmp_path: Path) -> None:
    out = tmp_path / "out"
    survey = {"event": "Survey Answered", "channel": "survey", "source": "watch", "timestamp": iso(NOW - 4 * HOUR)}
    answer = {"identifiers": {"loyalty_id": "kc-2"}, "properties": {"metric": "nps", "score": 2}}
    with watching(house, out) as process:
        wait_for(out, "events/s")
        with Emitter(house.settings) as emitter:
            emitter.emit(survey | answer)
        wait_for(out, "loyalty_id:KC-2, survey: NPS of 2 out of 10")
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(15) == 0
    assert "Traceback" not in out.read_text()
    assert "signal unanswered" in out.read_text().splitlines()[0]


def wait_for(file: Path, text: str) -> None:
    deadline = time.monotonic() + 20
    while text not in file.read_text():
        assert time.monotonic() < deadline, file.read_text()
        time.sleep(0.05)
