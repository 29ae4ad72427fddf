import json
from pathlib import Path

import pytest

from deploy.local.checks import Finding
from schemas.topics import create_topics
from sinks.clickhouse.migrate import migrate
from sources.channels import discover
from throughline.cli.doctor import examine
from throughline.settings import Settings


@pytest.fixture
def folder(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose settings point at the shared servers, with names of its own."""
    logins = {name: getattr(settings.clickhouse, name) for name in ("auditor", "migrator")}
    given = {
        "kafka": {"bootstrap_servers": settings.kafka.bootstrap_servers},
        "clickhouse": {
            "port": settings.clickhouse.port,
            "store_database": settings.clickhouse.store_database,
            "views_database": settings.clickhouse.views_database,
            **{name: {"user": it.user, "password": it.password.get_secret_value()} for name, it in logins.items()},
        },
    }
    for group, values in given.items():
        monkeypatch.setenv(f"THROUGHLINE_{group.upper()}", json.dumps(values))
    monkeypatch.setenv("THROUGHLINE_TOPIC_PREFIX", settings.topic_prefix)
    return tmp_path


def found(folder: Path) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(folder)}


def test_missing_topics_and_migrations_are_named_with_the_remedy(folder: Path, settings: Settings) -> None:
    findings = found(folder)
    assert "touchpoints.store" in findings["kafka"].remedy
    assert "`throughline migrate`" in findings["clickhouse"].remedy
    assert "java" not in findings


def test_servers_that_are_ready_need_nothing(folder: Path, settings: Settings) -> None:
    create_topics(settings, discover())
    migrate(settings)
    findings = found(folder)
    assert findings["kafka"].remedy == ""
    assert findings["clickhouse"].remedy == ""


def test_a_folder_of_its_own_is_asked_for_java_jars_and_wheel(tmp_path: Path) -> None:
    findings = found(tmp_path)
    assert {"java", "kafka jars", "chdb-core", "port 9092"} <= set(findings)
    assert findings["stack"].remedy == "`throughline up`"
    assert not any(finding.remedy and finding.fatal for finding in findings.values())


def test_a_wrong_setting_is_the_only_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHLINE_WORKERS", "none")
    assert list(found(tmp_path)) == ["settings"]
