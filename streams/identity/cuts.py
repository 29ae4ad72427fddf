"""Cannot-links: which identifiers an operator keeps apart, whatever the order of cuts and their withdrawals."""

from schemas.ids import Id

Ends = tuple[Id, Id]
Apart = dict[Id, set[Id]]  # identifier -> those it must never be one customer with


def ends_of(a: Id, b: Id) -> Ends:
    return (a, b) if a < b else (b, a)


class Cuts:
    """A cut holds while no claim withdraws its id; a withdrawal that comes before its cut counts as well."""

    def __init__(self) -> None:
        self.apart: Apart = {}
        self._named: dict[Id, set[Ends]] = {}
        self._withdrawn: set[Id] = set()
        self._holding: dict[Ends, int] = {}

    @property
    def active(self) -> frozenset[tuple[Id, Ends]]:
        """(id of the cut, its two identifiers) of every cut that holds."""
        return frozenset((id, ends) for id, cut in self._named.items() if id not in self._withdrawn for ends in cut)

    def add(self, id: Id, ends: Ends) -> bool:
        """True if the cut now holds and did not before."""
        cut = self._named.setdefault(id, set())
        if ends in cut or ends[0] == ends[1]:
            return False
        cut.add(ends)
        if id in self._withdrawn:
            return False
        self._hold(ends, 1)
        return True

    def withdraw(self, id: Id) -> list[Ends]:
        """The pairs that this id kept apart until now, sorted."""
        if id in self._withdrawn:
            return []
        self._withdrawn.add(id)
        freed = sorted(self._named.get(id, ()))
        for ends in freed:
            self._hold(ends, -1)
        return freed

    def _hold(self, ends: Ends, by: int) -> None:
        count = self._holding.get(ends, 0) + by
        self._holding[ends] = count
        for one, other in (ends, ends[::-1]):
            kept = self.apart.setdefault(one, set())
            kept.add(other) if count else kept.discard(other)
            if not kept:
                del self.apart[one]
