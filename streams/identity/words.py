"""What operators said, each under an id: it holds while no claim withdraws its id, whichever of the two comes first."""

from collections.abc import Iterable
from typing import Generic, Literal, TypeVar

from schemas.ids import Id

W = TypeVar("W")
Said = Literal["holds", "withdrawn", "known"]


class Words(Generic[W]):
    """Several ids may say the same; they are withdrawn one by one."""

    def __init__(self) -> None:
        self._named: dict[Id, set[W]] = {}
        self._withdrawn: set[Id] = set()
        self._holding: dict[W, set[Id]] = {}

    @property
    def active(self) -> frozenset[tuple[Id, W]]:
        """(id, what it says) of everything that holds."""
        return frozenset((id, word) for word, ids in self._holding.items() for id in ids)

    @property
    def words(self) -> Iterable[W]:
        """What holds now."""
        return self._holding.keys()

    def __contains__(self, word: W) -> bool:
        return word in self._holding

    def add(self, id: Id, word: W) -> Said:
        """`withdrawn`: it never comes to hold, since its id was taken back before it came."""
        said = self._named.setdefault(id, set())
        if word in said:
            return "known"
        said.add(word)
        if id in self._withdrawn:
            return "withdrawn"
        self._holding.setdefault(word, set()).add(id)
        return "holds"

    def said(self, id: Id) -> frozenset[W]:
        """What came under this id, whether it holds or not."""
        return frozenset(self._named.get(id, ()))

    def withdraw(self, id: Id) -> list[W] | None:
        """What this id said until now, sorted; None if it was withdrawn before."""
        if id in self._withdrawn:
            return None
        self._withdrawn.add(id)
        freed: list[W] = sorted(self._named.get(id, ()))  # type: ignore[type-var]  # identifiers and pairs of them sort
        for word in freed:
            self._holding[word].discard(id)
            if not self._holding[word]:
                del self._holding[word]
        return freed
