import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from throughline.discovery import discover
from throughline.errors import ConfigurationError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """An empty package for plug-ins."""
    folder = tmp_path / "plugins_of_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("plugins_of_test")
    for name in [name for name in sys.modules if name.startswith("plugins_of_test")]:
        del sys.modules[name]


def add(package: ModuleType, name: str, text: str) -> None:
    (Path(package.__path__[0]) / f"{name}.py").write_text(text)
    importlib.invalidate_caches()


def test_plug_ins_come_in_the_order_of_their_names(package: ModuleType) -> None:
    add(package, "b", "size = 2")
    add(package, "a", "size = 1")
    add(package, "_private", "raise SystemError")
    add(package, "contract", "")
    assert discover(package, "size", int, skip=("contract",)) == (1, 2)


@pytest.mark.parametrize("text", ["", "size = 'large'", "raise ValueError('broken')", "import nothing_of_that_name"])
def test_a_broken_plug_in_fails_loudly_with_its_name(package: ModuleType, text: str) -> None:
    add(package, "bad", text)
    with pytest.raises(ConfigurationError, match=r"plugins_of_test\.bad"):
        discover(package, "size", int)
