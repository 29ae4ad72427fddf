import os
from pathlib import Path

import pytest

from throughline.errors import ConfigurationError
from throughline.settings import Settings, load


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("THROUGHLINE_"):
            monkeypatch.delenv(name)


def test_nothing_set_gives_the_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings == Settings(home=tmp_path / ".throughline")
    assert (settings.partitions, settings.intake.earliest_ms) == (8, 946_684_800_000)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "throughline.toml").write_text('workers = 2\npartitions = 4\n[kafka]\nbootstrap_servers = "a:1"\n')
    monkeypatch.setenv("THROUGHLINE_WORKERS", "3")
    settings = load(tmp_path)
    assert (settings.workers, settings.partitions, settings.kafka.bootstrap_servers) == (3, 4, "a:1")


def test_groups_and_lists_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE__WORKER__USER", "w")
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE__WORKER__PASSWORD", "secret")
    monkeypatch.setenv("THROUGHLINE_INTAKE__TRUSTED_SOURCES", '["till"]')
    monkeypatch.setenv("THROUGHLINE_IDENTITY__CAPS", '{"crm": 4}')
    settings = load(tmp_path)
    assert settings.clickhouse.login("worker") == ("w", "secret")
    assert settings.clickhouse.login("analyst") == ("default", "")
    assert settings.intake.trusted_sources == {"till"}
    assert settings.identity.caps == {"crm": 4}


def test_the_default_constructor_ignores_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHLINE_WORKERS", "3")
    assert Settings().workers == 1


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("THROUGHLINE_WORKER_COUNT", "1", r"THROUGHLINE_WORKER_COUNT is no setting.*did you mean `worker`"),
        ("THROUGHLINE_KAFKA__BOOTSTRAP_SERVER", "a:1", r"kafka\.bootstrap_server is no setting.*`bootstrap_servers`"),
        ("THROUGHLINE_WORKERS", "0", r"workers: .* set it in throughline\.toml or as THROUGHLINE_WORKERS"),
        ("THROUGHLINE_CLICKHOUSE__PORT", "x", r"clickhouse\.port: .* as THROUGHLINE_CLICKHOUSE__PORT"),
        ("THROUGHLINE_IDENTITY__CAPS", '{"crm": 9}', r"levels are 0 to 4: crm"),
        ("THROUGHLINE_IDENTITY__CAPS", "crm", r"lists and maps are written as JSON"),
        ("THROUGHLINE_CLICKHOUSE__STORE_DATABASE", "a; DROP", r"clickhouse\.store_database"),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=message):
        load(tmp_path)


def test_an_unknown_key_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "throughline.toml").write_text("[kafak]\nx = 1\n")
    with pytest.raises(ConfigurationError, match="kafak is no setting of Throughline; did you mean `kafka`"):
        load(tmp_path)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "throughline.toml").write_text("kafka")
    with pytest.raises(ConfigurationError, match=r"throughline\.toml is not TOML"):
        load(tmp_path)


def test_errors_never_show_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE__PASSWORD", "hunter2")
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE__PORT", "x")
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    assert "hunter2" not in str(caught.value)
    monkeypatch.delenv("THROUGHLINE_CLICKHOUSE__PORT")
    assert "hunter2" not in repr(load(tmp_path))


def test_home_may_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHLINE_HOME", str(tmp_path / "elsewhere"))
    assert load(tmp_path).home == tmp_path / "elsewhere"


def test_a_short_identity_key_is_refused_when_it_is_needed() -> None:
    with pytest.raises(ConfigurationError, match="THROUGHLINE_IDENTITY__KEY"):
        _ = Settings(identity={"key": "short"}).identity.node_key  # type: ignore[arg-type]  # pydantic makes the group


def test_an_identity_key_that_the_hash_cannot_take_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="32 to 64"):
        _ = Settings(identity={"key": "k" * 65}).identity.node_key  # type: ignore[arg-type]  # pydantic makes the group
