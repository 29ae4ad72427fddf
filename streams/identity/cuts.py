"""Cannot-links: which identifiers an operator keeps apart."""

from collections.abc import Iterable

from schemas.ids import Id
from schemas.messages import Member
from streams.identity.words import Said, Words

Ends = tuple[Id, Id]
Apart = dict[Id, dict[Id, set[Id]]]  # identifier -> those it must never be one customer with -> ids of the cuts


def ends_of(a: Id, b: Id) -> Ends:
    return (a, b) if a < b else (b, a)


class Cuts(Words[Ends]):
    """`apart` is kept up to date; nothing is kept apart from itself."""

    def __init__(self) -> None:
        super().__init__()
        self.apart: Apart = {}

    def add(self, id: Id, word: Ends) -> Said:
        said = super().add(id, word)
        if said == "holds" and word[0] != word[1]:
            for one, other in (word, word[::-1]):
                self.apart.setdefault(one, {}).setdefault(other, set()).add(id)
        return said

    def withdraw(self, id: Id) -> list[Ends] | None:
        freed = super().withdraw(id)
        for ends in freed or ():
            if ends[0] != ends[1]:
                self._free(id, ends)
        return freed

    def _free(self, id: Id, ends: Ends) -> None:
        for one, other in (ends, ends[::-1]):
            ids = self.apart[one][other]
            ids.discard(id)
            if not ids:
                del self.apart[one][other]
            if not self.apart[one]:
                del self.apart[one]


def kept_apart(some: Iterable[Member], others: Iterable[Member], apart: Apart) -> bool:
    """Whether a cannot-link stands between a member of the one and a member of the other."""
    nodes: set[Id] | None = None
    for member in some:
        if kept := apart.get(member.node):
            nodes = nodes or {other.node for other in others}
            if not nodes.isdisjoint(kept):
                return True
    return False


def cuts_between(some: Iterable[Member], others: Iterable[Member], apart: Apart) -> tuple[Id, ...]:
    """Ids of the cuts that keep a member of the one from a member of the other, sorted."""
    nodes = {other.node for other in others}
    kept = [apart.get(member.node, {}) for member in some]
    return tuple(sorted({id for cut in kept for node in cut.keys() & nodes for id in cut[node]}))
