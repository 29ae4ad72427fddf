"""The files for those who have a container engine, as far as they can be held without one."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from clickhouse_driver import Client

from deploy.local.clickhouse import ClickHouse
from deploy.local.process import Running
from deploy.local.users import USERS, server_users_xml
from throughline.settings import load

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE, KUBERNETES = DEPLOY / "compose", DEPLOY / "kubernetes"


@pytest.mark.parametrize("folder", [COMPOSE, KUBERNETES], ids=lambda folder: folder.name)
def test_every_setting_that_is_named_exists(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(path.read_text() for path in folder.iterdir() if path.is_file())
    for name in re.findall(r"THROUGHLINE_\w+", text):
        monkeypatch.setenv(name, "3")
    load(tmp_path)


def test_the_users_of_a_server_are_those_of_the_local_one() -> None:
    assert (COMPOSE / "users.xml").read_text() == server_users_xml()


def test_every_password_is_asked_for() -> None:
    example = (COMPOSE / ".env.example").read_text()
    compose = (COMPOSE / "compose.yaml").read_text()
    for user in USERS:
        name = f"{user.name.upper()}_PASSWORD"
        assert f"\n{name}=\n" in example
        assert f"{name}: ${{{name}:?" in compose


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClickHouse]:
    """A ClickHouse with the users of a server, beside the user that the local engine boots with."""
    for user in USERS:
        monkeypatch.setenv(f"{user.name.upper()}_PASSWORD", f"of {user.name}")
    made = ClickHouse(tmp_path)
    process = made.prepare()
    local, remote = Xml.parse(tmp_path / "users.xml").getroot(), Xml.fromstring(server_users_xml())
    remote.find("users").append(local.find("users/default"))  # type: ignore[union-attr,arg-type]  # both are there
    (tmp_path / "users.xml").write_text(Xml.tostring(remote, encoding="unicode"))
    running = Running(process)
    running.wait_until_ready()
    yield made
    running.kill()


def test_a_clickhouse_takes_the_users_with_passwords_from_its_environment(server: ClickHouse) -> None:
    for user in USERS:
        with Client(server.host, server.tcp_port, user=user.name, password=f"of {user.name}") as client:
            assert client.execute("SELECT currentUser()") == [(user.name,)]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kustomize_renders_the_folder(tmp_path: Path) -> None:
    for path in KUBERNETES.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    shutil.copy(KUBERNETES / "secrets.env.example", tmp_path / "secrets.env")
    done = subprocess.run(["kubectl", "kustomize", tmp_path], capture_output=True, text=True, check=True)
    kinds = re.findall(r"^kind: (\w+)", done.stdout, re.MULTILINE)
    assert sorted(kinds) == ["ConfigMap", "Job", "Namespace", "Secret", "Service", "StatefulSet"]


@pytest.mark.parametrize("command", ["up", "prepare", "worker"])
def test_every_command_that_is_run_exists(command: str) -> None:
    subprocess.run([sys.executable, "-m", "throughline.cli", command, "--help"], check=True, capture_output=True)
