import base64

import pytest

from deploy.local.clickhouse import ClickHouse
from schemas.tables import DEAD_LETTERS, Block
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.store import ClickHouseStore
from throughline.cli.dead import Letter, counted, letters, listed, plain, tell


def test_dead_letters_are_listed_newest_first_with_their_bytes(
    clickhouse: ClickHouse, databases: tuple[str, str]
) -> None:
    password = clickhouse.users["migrator"]
    server = Server(clickhouse.host, clickhouse.tcp_port, "migrator", password, *databases)
    apply(server)
    rows = [
        ("touchpoints.store", 0, 7, 1000, "not_json", "", "byte 0 is no UTF-8; send JSON in UTF-8", b"\xff\0", b"k"),
        ("touchpoints.store", 1, 3, 2000, "invalid", "source", "source: is missing", b"{}", b""),
        ("touchpoints.app", 0, 9, 3000, "tombstone", "", "the record has no value", b"", b"user_id:1"),
    ]
    ClickHouseStore(server).insert(Block.of(DEAD_LETTERS, rows))
    client = Connections(server)
    found = letters(client, "", "", 10)
    assert [letter.offset for letter in found] == [9, 3, 7]
    assert [letter.offset for letter in letters(client, "touchpoints.store", "", 1)] == [3]
    (broken,) = letters(client, "", "not_json", 10)
    assert (broken.raw, broken.key, broken.time) == (b"\xff\0", b"k", 1000)
    heads = [head for head, _ in counted(client)]
    assert len(heads) == 3 and "tombstone" in " ".join(heads)
    client.close()


def test_bytes_that_are_no_text_are_shown_as_base64() -> None:
    letter = Letter("touchpoints.store", 0, 7, 1000, "not_json", "", "x", b"user_id:1", b"\xff")
    shown = plain(letter)
    assert shown["key"] == "user_id:1"
    assert base64.b64decode(shown["raw_base64"]) == b"\xff"
    assert shown["time"] == "1970-01-01T00:00:01.000Z"


def test_what_came_in_a_record_is_never_taken_for_markup(capsys: pytest.CaptureFixture[str]) -> None:
    letter = Letter("t", 0, 7, 1000, "not_json", "", "[/bold] is no JSON", b"", b"[/red]")
    tell(list(listed([letter])))
    lines = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in lines] == [
        "1970-01-01T00:00:01.000Z  not_json  t[0]@7",
        "    [/bold] is no JSON",
        "    [/red]",
    ]


def test_nothing_refused_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    tell([])
    assert capsys.readouterr().out == "No dead letters.\n"
