"""Where settings come from. `load()` is the only place that reads the environment and files.

Order, later wins: defaults, what `throughline up` wrote about its own servers, `throughline.toml`, the environment.
In the environment `kafka.bootstrap_servers` is THROUGHLINE_KAFKA__BOOTSTRAP_SERVERS. Unknown names are refused.
"""

import difflib
import json
import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource, SettingsError

from throughline.errors import ConfigurationError
from throughline.options import ClickHouseSettings, Component, IdentitySettings, IntakeSettings, KafkaSettings, Settings

__all__ = [
    "ClickHouseSettings",
    "Component",
    "IdentitySettings",
    "IntakeSettings",
    "KafkaSettings",
    "Settings",
    "given",
    "load",
]

PREFIX = "THROUGHLINE_"
TOML = "throughline.toml"
RUNTIME = "runtime.json"
KEY = "identity.key"


def load(folder: Path | None = None) -> Settings:
    """The settings for commands run in `folder` (the working directory).

    Raises `ConfigurationError` that names every wrong setting and how to set it.
    """
    folder = (folder or Path.cwd()).absolute()
    made = given(folder)
    home = folder / Path(made.get("home", ".throughline")).expanduser()
    layers = merged(_kept_key(home), _runtime(home), made, {"home": home})
    try:
        return Settings(**layers)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain(problem) for problem in error.errors())) from error


def given(folder: Path) -> dict[str, Any]:
    """Only what the user has set, by file or environment, not yet checked."""
    return merged(_toml(folder / TOML), _environment())


def merged(*layers: dict[str, Any]) -> dict[str, Any]:
    """Later layers win, key by key in every depth."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], value) if both else value
    return result


def _toml(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}; correct or remove it") from error


def _environment() -> dict[str, Any]:
    for name in os.environ:
        field = name.removeprefix(PREFIX).split("__")[0].lower()
        if name.startswith(PREFIX) and field not in Settings.model_fields:
            raise ConfigurationError(f"{name} is no setting of Throughline{_meant(field, Settings.model_fields)}")
    source = EnvSettingsSource(Settings, env_prefix=PREFIX, env_nested_delimiter="__", case_sensitive=False)
    try:
        return source()
    except SettingsError as error:
        raise ConfigurationError(f"environment: {error}; lists and maps are written as JSON") from error


def _runtime(home: Path) -> dict[str, Any]:
    path = home / RUNTIME
    if not path.exists():
        return {}
    try:
        settings: dict[str, Any] = json.loads(path.read_text())["settings"]
    except (json.JSONDecodeError, KeyError) as error:
        raise ConfigurationError(f"{path} is damaged: {error}; remove it and run `throughline up`") from error
    return settings


def _kept_key(home: Path) -> dict[str, Any]:
    path = home / KEY
    return {"identity": {"key": path.read_text().strip()}} if path.exists() else {}


def _explain(problem: ErrorDetails) -> str:
    path = [str(part) for part in problem["loc"]]
    dotted = ".".join(path)
    if problem["type"] == "extra_forbidden":
        return f"{dotted} is no setting of Throughline{_meant(path[-1], _siblings(path))}"
    return f"{dotted}: {problem['msg']}; set it in {TOML} or as {PREFIX}{'__'.join(path).upper()}"


def _siblings(path: list[str]) -> list[str]:
    fields: Any = Settings.model_fields
    for part in path[:-1]:
        fields = getattr(fields[part].annotation, "model_fields", {}) if part in fields else {}
    return list(fields)


def _meant(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else f"; known here: {', '.join(known)}"
