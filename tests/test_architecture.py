"""The rules of the house that a reviewer would otherwise have to remember: who may import whom, and how long a module may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BELOW = {
    "throughline": set[str](),
    "schemas": {"throughline"},
    "sources": {"throughline", "schemas"},
    "streams": {"throughline", "schemas"},
    "sinks": {"throughline", "schemas"},
    "queries": {"throughline", "schemas", "sinks"},
    "console": {"throughline", "schemas", "queries"},
    "deploy": {"throughline"},
}
PACKAGES = [name for name in BELOW if (ROOT / name).is_dir()]
MODULES = sorted(path for name in [*PACKAGES, "bench", "tests"] for path in (ROOT / name).rglob("*.py"))
MOST_LINES = 300
VAGUE = {"utils", "helpers", "manager", "common", "misc"}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_only_go_down(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        if path.is_relative_to(ROOT / "throughline" / "cli"):
            continue
        ours = {name for name in imported(path) if name in BELOW}
        assert ours <= BELOW[package] | {package}, (
            f"{path.relative_to(ROOT)} imports {ours - BELOW[package] - {package}}"
        )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_long_or_vaguely_named(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES, f"{path}: split it"
    assert path.stem not in VAGUE, f"{path}: name it for what it does"


def test_the_project_reads_nothing_outside_itself() -> None:
    outside = "../" + "shared"
    assert not [path for path in MODULES if outside in path.read_text()]


def test_every_top_level_package_has_its_tests() -> None:
    missing = [name for name in PACKAGES if not list((ROOT / "tests" / name).rglob("test_*.py"))]
    assert not missing
