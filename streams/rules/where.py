"""In which line of a TOML text a key stands, and what is wrong there.

tomllib decides what TOML is and keeps no positions. So the text is cut into statements (the fewest lines that tomllib can read),
and each is read alone: it says which keys it sets. No second grammar of TOML is needed, and no library beside the standard one.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from throughline.errors import ConfigurationError

Path = tuple[str | int, ...]  # keys, and places in an array


class Where:
    """Collects everything that is wrong with one text. `asked`: every key that a reader has looked for, places in arrays and
    free names as `*`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[Path, int] | None = None
        self._problems: dict[tuple[int, str], None] = {}
        self.asked: set[Path] = set()

    def line(self, path: Path) -> int:
        """Where the last part of the path that is in the text begins, counted from 1."""
        if self._lines is None:
            self._lines = dict(_lines(self._text))
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def wrong(self, path: Path, reason: str) -> None:
        """Notes that what stands there cannot be used; reading goes on, so that all problems are told at once."""
        named = f"{dotted(path)}: {reason}" if path else reason
        self._problems[self.line(path), named] = None

    def check(self) -> None:
        """Raises ConfigurationError with one line for each problem, in the order of the text."""
        if self._problems:
            raise ConfigurationError("\n".join(f"line {line}: {reason}" for line, reason in sorted(self._problems)))


def dotted(path: Path) -> str:
    """As a person would write it: `journeys.types[0].goals`, counted from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{_key(part)}"
    return text.removeprefix(".")


def _key(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key, re.ASCII) else f'"{key}"'


def read(text: str) -> dict[str, Any]:
    """The text as tables. Raises ConfigurationError with the line if it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", str(error))
        reason, line = (found[1], found[2]) if found else (str(error), None)
        at = line or str(max(1, len(text.rstrip().splitlines())))
        raise ConfigurationError(f"line {at}: this is not TOML: {reason[:1].lower()}{reason[1:]}") from error


def _lines(text: str) -> Iterator[tuple[Path, int]]:
    """Every path of a text that `read` accepts, with its line; of a table that comes in parts, the first."""
    arrays: dict[Path, int] = {}
    head: Path = ()
    seen: set[Path] = set()
    for line, statement, tables in _statements(text):
        if statement.startswith("[["):
            head = _opened(tables, arrays, is_array=True)
            paths: Iterable[Path] = (head,)
        elif statement.startswith("["):
            head = _opened(tables, arrays, is_array=False)
            paths = (head,)
        else:
            paths = ((*head, *path) for path in _paths(tables))
        for path in paths:
            for end in range(1, len(path) + 1):
                if path[:end] not in seen:
                    seen.add(path[:end])
                    yield path[:end], line


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """(line, text, tables) of each statement."""
    begun, lines = 1, list[str]()
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if not lines and (not line.strip() or line.lstrip().startswith("#")):
            continue
        begun = begun if lines else number
        lines.append(line)
        try:
            tables = tomllib.loads("".join(lines))
        except tomllib.TOMLDecodeError:
            continue  # it goes on in the next line
        yield begun, "".join(lines).lstrip(), tables
        lines = []


def _opened(tables: Any, arrays: dict[Path, int], is_array: bool) -> Path:
    """The path that `[a.b]` or `[[a.b]]` opens; below an array of tables it is that of the last one."""
    path: Path = ()
    while tables:
        if isinstance(tables, list):
            tables = tables[0]
            continue
        key, tables = next(iter(tables.items()))
        path = (*path, key)
        if is_array and tables == [{}]:
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path = (*path, arrays[path])
    return path


def _paths(value: Any) -> Iterator[Path]:
    """All paths below a value, shorter ones first."""
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, below in items:
        yield (key,)
        yield from ((key, *path) for path in _paths(below))
