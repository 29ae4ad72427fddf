"""Which facts of a customer are known, by event; and those that have no part in the fold: the late ones and the duplicates."""

from collections.abc import Collection, Iterable

from schemas.fact import Fact, Key, Row
from schemas.ids import NONE, Id
from streams.fold.window import Dropped


def attached(status: str) -> Row:
    """The row of a fact that belongs to the customer and has no part in the fold."""
    return Row(
        status, NONE, NONE, "", "", "", 0, 0, 0, 0, "", 0, 0, 0, 0, 0, 0, 0, (), "", "", (), (), "", 0, "", NONE, (), 0
    )


LATE, DUPLICATE = attached("late"), attached("duplicate")


class Told:
    """`first`: the first fact told under each event id. `changed`: late and duplicate facts whose rows are to be told.

    *Attached* facts were judged against what was let go: they have rows, and nothing is compared with them."""

    __slots__ = ("_asides", "_attached", "_groups", "_more", "_new", "changed", "first")

    def __init__(self) -> None:
        self.first: dict[Id, Fact] = {}
        self.changed: dict[Key, Fact] = {}
        self._groups: dict[tuple[int, Id], dict[Key, Fact]] = {}  # facts of one event, where there was more than one
        self._more = 0  # keys that are not the first of their event id
        self._asides: dict[Key, Row] = {}
        self._attached: dict[Key, tuple[Fact, Row]] = {}
        self._new: list[tuple[Fact, Row]] = []  # attached, and to be told

    def __len__(self) -> int:
        """Distinct fact keys."""
        return len(self.first) + self._more

    def put_aside(self, fact: Fact, row: Row) -> None:
        self._asides[fact[:3]] = row
        self.changed[fact[:3]] = fact

    def attach(self, fact: Fact, row: Row) -> bool:
        """False if it was attached before."""
        is_new = fact[:3] not in self._attached
        self._attached[fact[:3]] = fact, row
        self._new.append((fact, row))
        return is_new

    @property
    def has_news(self) -> bool:
        return bool(self.changed or self._new)

    def rows(self) -> list[tuple[Fact, Row]]:
        """The rows of late and duplicate facts that may differ since the last call."""
        changed, self.changed, new, self._new = self.changed, {}, self._new, []
        return [(fact, self._asides[key]) for key, fact in changed.items()] + new

    @property
    def newest_aside(self) -> int:
        """Event time of the last fact that had no part in the fold, ms. Only if there is one."""
        return max(fact[3] for fact in self._known() if fact[:3] in self._asides)

    def leave(self, cut: int) -> list[tuple[Fact, Row]]:
        """Lets attached facts before a time go, which have been told by now."""
        left = [pair for pair in self._attached.values() if pair[0][3] < cut] if self._attached else []
        for fact, _ in left:
            del self._attached[fact[:3]]
        return left

    def touch(self, nodes: Collection[Id]) -> None:
        """The rows of the late and duplicate facts of these nodes are to be told again."""
        for key in [key for key in self._asides if key[0] in nodes]:
            self.changed[key] = self._groups.get(key[1:], {}).get(key) or self.first[key[2]]

    def another(self, first: Fact, fact: Fact) -> tuple[Fact | None, Collection[Fact]] | None:
        """Takes a fact whose event id is known. None if it says nothing new, else the attempt that it replaces, and all that is
        known of its event."""
        key = fact[:3]
        if key == first[:3] and (fact[5], fact) <= (first[5], first):
            return None
        group = self._groups.setdefault(fact[1:3], {first[:3]: first} if first[1] == fact[1] else {})
        known = group.get(key)
        if known is not None and (fact[5], fact) <= (known[5], known):
            return None
        group[key] = fact
        self._more += known is None
        return known, group.values()

    def events(self) -> list[list[Fact]]:
        """The facts of each event, of each the best attempt."""
        groups = [list(group.values()) for group in self._groups.values()]
        return groups + [[fact] for fact in self.first.values() if fact[1:3] not in self._groups]

    def _known(self) -> list[Fact]:
        groups = self._groups
        if not groups:
            return list(self.first.values())
        known = [fact for group in groups.values() for fact in group.values()]
        return known + [fact for fact in self.first.values() if fact[1:3] not in groups]

    def nobody_aside(self) -> None:
        """For a fold of everything anew."""
        self._asides, self.changed = {}, {}

    def forget_before(self, cut: int) -> tuple[list[Fact], list[tuple[Fact, Row]]]:
        """Lets go what is known of facts before a time: gives them, and those that were aside with their rows."""
        known = self._known()
        gone = [fact for fact in known if fact[3] < cut]
        kept = [fact for fact in known if fact[3] >= cut]
        self.first = {fact[2]: fact for fact in kept}
        if self._groups:
            self._groups, self._more = {}, 0
            for fact in kept:
                if self.first[fact[2]] is not fact:
                    self.another(self.first[fact[2]], fact)
        asides = (
            [(fact, self._asides.pop(fact[:3])) for fact in gone if fact[:3] in self._asides] if self._asides else []
        )
        return gone, asides + self.leave(cut)


def counted(facts: Iterable[Fact]) -> Fact:
    """Of the facts of one event under several identifiers, the one that was received first."""
    return min(facts, key=lambda fact: (-fact[5], fact[0]))


def same_but_for_receipt(one: Fact, other: Fact) -> bool:
    """Do two attempts to send one event differ only in when they were received?"""
    return one[:4] == other[:4] and one[6:] == other[6:]


def dropped(folded: Iterable[Key], asides: Iterable[tuple[Fact, Row]]) -> Dropped:
    """Facts that are let go, with the rows of those that had no part in the fold."""
    late = [fact[:3] for fact, row in asides if row.status == LATE.status]
    return Dropped([*folded, *(fact[:3] for fact, row in asides if row.status != LATE.status)], late)
