import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.local.clickhouse import ClickHouse
from sinks.clickhouse.migrate import apply
from sinks.clickhouse.server import Server
from throughline.cli import build, sql
from throughline.errors import Unavailable


@pytest.fixture
def folder(tmp_path: Path, clickhouse: ClickHouse, databases: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory whose settings point at migrated databases."""
    logins = {name: {"user": name, "password": clickhouse.users[name]} for name in ("analyst", "migrator")}
    ports = {"port": clickhouse.tcp_port, "http_port": clickhouse.http_port}
    names = {"store_database": databases[0], "views_database": databases[1]}
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE", json.dumps({**ports, **names, **logins}))
    monkeypatch.chdir(tmp_path)
    apply(Server(clickhouse.host, clickhouse.tcp_port, "migrator", clickhouse.users["migrator"], *databases))
    return tmp_path


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(build(), ["sql", *arguments], input=typed)


@pytest.mark.usefixtures("folder")
def test_a_query_is_answered_by_a_table() -> None:
    result = run("SELECT 'ä' AS letter, toDecimal64(1.5, 4) AS money, NULL AS nothing, [1, 2] AS list")
    assert result.exit_code == 0
    for cell in ("letter", "ä", "1.5", "NULL", "1, 2"):
        assert cell in result.output


@pytest.mark.usefixtures("folder")
def test_a_long_answer_is_cut_and_says_so() -> None:
    result = run("SELECT arrayJoin(range(100000)) AS n", "--rows", "3")
    assert "2" in result.output
    assert "99" not in result.output
    assert "the first 3 rows" in result.output


@pytest.mark.usefixtures("folder")
def test_an_answer_too_wide_for_the_terminal_is_shown_value_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    output = run("SELECT generateUUIDv4() AS a, generateUUIDv4() AS b, generateUUIDv4() AS c, NULL AS d").output
    names = [line.split()[0] for line in output.splitlines()]
    assert names == ["row", "a", "b", "c", "d", "1"]


@pytest.mark.usefixtures("folder")
def test_a_query_may_be_piped_in() -> None:
    assert "41" in run(typed="SELECT 41;\n").output


@pytest.mark.usefixtures("folder")
def test_a_wrong_query_says_what_is_wrong() -> None:
    result = run("SELECT nothing FROM sessions")
    assert "nothing" in str(result.exception)
    assert "Stack trace" not in str(result.exception)


@pytest.mark.usefixtures("folder")
def test_nothing_can_be_written() -> None:
    assert "privileges" in str(run("INSERT INTO sessions (channel) VALUES ('x')").exception)


def test_a_format_of_clickhouse_comes_as_it_is(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    sql.command("SELECT 1 AS a, 'x' AS b", format="JSONEachRow")
    assert capfdbinary.readouterr().out == b'{"a":1,"b":"x"}\n'


def test_the_prompt_lists_the_views_and_their_columns() -> None:
    assert sql.described("\\d").startswith("SELECT name AS view")
    assert "table = 'sessions'" in sql.described("\\d sessions")
    assert sql.described("SELECT 1;") == "SELECT 1;"


@pytest.mark.parametrize("arguments", [["sql", "SELECT 1"], ["sql", "SELECT 1", "--format", "CSV"], ["dead"]])
def test_a_server_that_is_away_is_named_soon_with_the_remedy(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE", json.dumps({"port": 1, "http_port": 1}))
    monkeypatch.chdir(tmp_path)
    began = time.monotonic()
    result = CliRunner().invoke(build(), arguments)
    assert isinstance(result.exception, Unavailable)
    assert "does not answer" in str(result.exception) and "throughline up" in str(result.exception)
    assert time.monotonic() - began < 10
