import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import typer
from typer.testing import CliRunner

from throughline import cli
from throughline.errors import ConfigurationError

ROOT = Path(__file__).parents[3]


def test_every_module_adds_a_command_that_explains_itself() -> None:
    app = cli.build()
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for name in ("up", "down", "status", "doctor"):
        assert name in result.output
    assert all(command.help or (command.callback and command.callback.__doc__) for command in app.registered_commands)


def test_only_the_module_that_is_asked_for_is_imported() -> None:
    code = "import sys; from throughline import cli; cli.build('down'); sys.exit('faust' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_module_without_a_command_stops_the_program() -> None:
    with pytest.raises(ConfigurationError, match="empty has neither `command` nor `register"):
        cli.add(typer.Typer(), ModuleType("throughline.cli.empty"))


def test_a_module_may_register_several_commands() -> None:
    app, module = typer.Typer(), ModuleType("throughline.cli.many")
    vars(module)["register"] = lambda it: [it.command(name)(lambda: None) for name in ("one", "two")]
    cli.add(app, module)
    assert [command.name for command in app.registered_commands] == ["one", "two"]


def test_an_error_that_explains_itself_is_printed_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "throughline.toml").write_text("kafka")
    command = [sys.executable, "-m", "throughline.cli", "down"]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "throughline.toml is not TOML" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
