import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from throughline import logs


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("worker-1", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_is_json_with_process_level_and_time(output: io.StringIO) -> None:
    logs.get_logger("intake").info("batch stored", rows=100)
    line = json.loads(output.getvalue())
    assert (line["event"], line["rows"], line["process"], line["level"]) == ("batch stored", 100, "worker-1", "info")
    assert line["logger"] == "intake"
    assert line["time"].endswith("Z")


def test_lines_of_libraries_look_the_same(output: io.StringIO) -> None:
    logging.getLogger("aiokafka").warning("lost %s", "it")
    assert json.loads(output.getvalue())["event"] == "lost it"


def test_a_traceback_stays_on_its_line(output: io.StringIO) -> None:
    try:
        raise ValueError("bad")
    except ValueError:
        logs.get_logger("intake").exception("failed")
    assert "ValueError: bad" in json.loads(output.getvalue())["exception"]
