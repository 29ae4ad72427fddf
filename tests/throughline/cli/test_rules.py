"""What `throughline rules` says of a file without asking a server; `tests/pipeline/test_rules.py` puts one into force."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.rules import default, parse
from throughline.cli import build
from throughline.errors import ConfigurationError


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(build("rules"), ["rules", *map(str, arguments)])


def test_the_shipped_rules_are_shown_as_a_file_that_is_right(tmp_path: Path) -> None:
    shown = run("show", "--shipped").stdout
    assert parse(shown) == default()
    (tmp_path / "rules.toml").write_text(shown)
    assert run("check", tmp_path / "rules.toml").stdout.endswith("is right: version 1.\n")


def test_a_wrong_file_is_told_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("version = 2\n[identity]\nquarantine_at = 0\n\ntrusted_level = 7\n")
    result = run("check", file)
    assert (result.exit_code, type(result.exception)) == (1, ConfigurationError)
    assert str(result.exception).splitlines() == [
        f"{file}, line 3: identity.quarantine_at: 0 is less than 2",
        f"{file}, line 5: identity.trusted_level: 7 is more than 4",
    ]
    assert str(run("apply", file).exception) == str(result.exception)


@pytest.mark.parametrize(("name", "reason"), [("none.toml", "cannot be read"), ("latin.toml", "is not UTF-8")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "latin.toml").write_bytes(b"version = 2 # \xe4")
    assert reason in str(run("check", tmp_path / name).exception)
