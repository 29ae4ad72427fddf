"""A dict with a bound: the entries asked for lately stay, at the cost of one dict look-up."""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Two generations. A full young one becomes the old one, and what the old one still answers moves back up: between
    `size` and twice `size` entries are kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def get_all(self, keys: list[K]) -> list[V | None]:
        """As `get`, for many keys; None where nothing is known."""
        found = list(map(self._young.get, keys))
        if self._old and None in found:
            return [self.get(key) if value is None else value for key, value in zip(keys, found, strict=True)]
        return found

    def put(self, key: K, value: V) -> None:
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
