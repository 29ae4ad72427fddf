"""One table of a rules file. Whatever is absent has the default that the reader names; whatever is wrong is noted and has it, too."""

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from streams.rules.durations import milliseconds
from streams.rules.where import Path, Where

T = TypeVar("T")
EVER, NONE = "ever", "none"


class Section:
    """`path` leads to it from the top of the file. After all keys were asked for, `close` refuses those that nobody knows."""

    def __init__(self, values: Mapping[str, Any], where: Where, path: Path = (), general: Path = ()) -> None:
        self.values, self.where, self.path = values, where, path
        self._general = general  # the same path with * for places and free names
        self._known: set[str] = set()
        self._is_free = False

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def wrong(self, name: str, reason: str) -> None:
        """Notes a problem with one key, or with the whole table if that is not in it."""
        self.where.wrong((*self.path, name), reason)

    def number(self, name: str, default: int, least: int = 0, most: int = 1_000_000_000) -> int:
        def whole(value: Any) -> int:
            if isinstance(value, bool) or not isinstance(value, int):
                raise ValueError(f"it must be a whole number, not {shown(value)}")
            return _within(value, least, most)

        return self._read(name, default, whole)

    def limit(self, name: str, default: int | None, least: int = 1) -> int | None:
        """A whole number, or "none"."""
        if self.values.get(name) == NONE:
            self._ask(name)
            return None
        if isinstance(self.values.get(name), str):
            self._ask(name)
            self.wrong(name, f'it must be a whole number or "{NONE}", not {shown(self.values[name])}')
            return default
        return self.number(name, default or 0, least) if name in self.values else self._absent(name, default)

    def real(self, name: str, default: float, least: float, most: float) -> float:
        def real(value: Any) -> float:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"it must be a number, not {shown(value)}")
            return _within(float(value), least, most)

        return self._read(name, default, real)

    def flag(self, name: str, default: bool) -> bool:
        def flag(value: Any) -> bool:
            if not isinstance(value, bool):
                raise ValueError(f"it must be true or false, not {shown(value)}")
            return value

        return self._read(name, default, flag)

    def text(self, name: str, default: str) -> str:
        return self._read(name, default, _text)

    def choice(self, name: str, default: str, known: Collection[str]) -> str:
        """One of these names."""

        def choice(value: Any) -> str:
            if value not in known:
                raise ValueError(f"{shown(value)} is not known{meant(str(value), known)}")
            return str(value)

        return self._read(name, default, choice)

    def names(self, name: str, default: frozenset[str], known: Collection[str] = ()) -> frozenset[str]:
        """A list of texts, none twice; of `known` ones if there are any."""
        return frozenset(self.ordered(name, tuple(default), known))

    def ordered(self, name: str, default: tuple[str, ...], known: Collection[str] = ()) -> tuple[str, ...]:
        """The same where the order counts."""

        def names(value: Any) -> tuple[str, ...]:
            if not isinstance(value, list):
                raise ValueError(f"it must be a list of texts, not {shown(value)}")
            texts = tuple(map(_text, value))
            if doubled := [text for text in dict.fromkeys(texts) if texts.count(text) > 1]:
                raise ValueError(f"{shown(doubled[0])} stands in it twice")
            if unknown := [text for text in texts if known and text not in known]:
                raise ValueError(f"{shown(unknown[0])} is not known{meant(unknown[0], known)}")
            return texts

        return self._read(name, default, names)

    def duration(self, name: str, default: int, least: int = 1) -> int:
        """Milliseconds."""

        def duration(value: Any) -> int:
            try:
                ms = milliseconds(value)
            except ValueError as error:
                raise ValueError(f"{shown(value)} is no duration: {error}") from error
            if ms < least:
                raise ValueError(f"{shown(value)} is too short")
            return ms

        return self._read(name, default, duration)

    def window(self, name: str, default: int) -> int:
        """Milliseconds; "ever" is 0."""
        if self.values.get(name) == EVER:
            self._ask(name)
            return 0
        return self.duration(name, default)

    def entries(self, name: str) -> "list[str | Section] | None":
        """A list of texts and tables, in its order; None if it is absent or wrong."""
        self._ask(name)
        if name not in self.values:
            return None
        value, path, general = self.values[name], (*self.path, name), (*self._general, name, "*")
        if not isinstance(value, list):
            self.wrong(name, f"it must be a list, not {shown(value)}")
            return None
        wrong = [each for each in value if not isinstance(each, dict) and not (isinstance(each, str) and each.strip())]
        if wrong:
            self.wrong(name, f"it must be a list of texts and tables; {shown(wrong[0])} is neither")
            return None
        return [
            Section(each, self.where, (*path, i), general) if isinstance(each, dict) else each
            for i, each in enumerate(value)
        ]

    def everything(self) -> list[str]:
        """All its keys, whose names the user chooses; the caller asks for each."""
        self._known.update(self.values)
        self._is_free = True
        return list(self.values)

    def table(self, name: str) -> "Section":
        """A table under a name of its own; absent, it is empty."""
        self._ask(name)
        value = self.values.get(name, {})
        if not isinstance(value, dict):
            self.wrong(name, f"it must be a table, [{'.'.join(map(str, (*self.path, name)))}], not {shown(value)}")
            value = {}
        return Section(value, self.where, (*self.path, name), (*self._general, name))

    def tables(self, name: str) -> "list[Section]":
        """An array of tables, in its order; absent, it is empty."""
        self._ask(name)
        value, path = self.values.get(name, []), (*self.path, name)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.wrong(name, f"it must be tables, [[{'.'.join(map(str, path))}]], not {shown(value)}")
            value = []
        return [Section(each, self.where, (*path, i), (*self._general, name, "*")) for i, each in enumerate(value)]

    def free(self, known: Collection[str] = ()) -> "Iterator[tuple[str, Section]]":
        """Tables whose names the user chooses, or chooses among these: all that this table has in it."""
        self._known.update(self.values)
        for name, value in self.values.items():
            if known and name not in known:
                self.wrong(name, f"it is not known{meant(name, known)}")
            elif not isinstance(value, dict):
                self.wrong(name, f"it must be a table, not {shown(value)}")
            else:
                yield name, Section(value, self.where, (*self.path, name), (*self._general, "*"))

    def close(self) -> None:
        """Refuses every key that was not asked for."""
        for name in self.values.keys() - self._known:
            self.wrong(name, f"it is not known{meant(name, self._known)}")

    def _absent(self, name: str, default: T) -> T:
        self._ask(name)
        return default

    def _ask(self, name: str) -> None:
        self._known.add(name)
        self.where.asked.add((*self._general, "*" if self._is_free else name))

    def _read(self, name: str, default: T, take: Callable[[Any], T]) -> T:
        self._ask(name)
        if name not in self.values:
            return default
        try:
            return take(self.values[name])
        except ValueError as error:
            self.wrong(name, str(error))
            return default


N = TypeVar("N", int, float)


def _within(value: N, least: N, most: N) -> N:
    if not least <= value <= most:
        raise ValueError(
            f"{value} is {'less than' if value < least else 'more than'} {least if value < least else most}"
        )
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"it must be a text, not {shown(value)}")
    return value


def shown(value: Any) -> str:
    """A value as the file has it, in a few words."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return f'"{value}"' if isinstance(value, str) else str(value)


def meant(name: str, known: Iterable[str]) -> str:
    """What somebody may have meant who wrote an unknown name."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean `{close[0]}`?" if close else f"; known here: {', '.join(names)}"
