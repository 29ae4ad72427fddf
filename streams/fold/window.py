"""Which part of a long history stays in memory, and what is to be done with a fact that touches the other part.

The *cut* is a time: facts before it are folded, written and let go, but for the few whose rows a later fact may still change.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from enum import Enum
from operator import itemgetter
from typing import NamedTuple, TypeVar

from schemas.fact import Fact, Key
from schemas.ids import Id

T = TypeVar("T")
_TIME = itemgetter(3)


class Window(NamedTuple):
    """`most`: facts in memory above which the cut moves; `least`: how many stay if 72 hours hold more than that;
    `every`: facts between two saved states, at one of which a cut can be.

    Checkpoints of one customer stand on rungs: that on a rung goes when the next comes that belongs there, as with the digits of
    a number that is counted up. So there is always one at most about twice as far back as a late fact reaches.
    """

    most: int = 1000
    least: int = 400
    every: int = 32

    def let_go(self, facts: Sequence[Fact], late_after: int) -> int:
        """How many of these facts, in order of time, may be let go. After a load as a whole half of them: so there will be one
        checkpoint after the other."""
        if not facts or len(facts) > 4 * self.most:
            return len(facts) // 2
        old = bisect_left(facts, facts[-1][3] - late_after, key=_TIME)
        return old if len(facts) - old <= self.most // 2 else len(facts) - self.least

    def rung(self, before: int, folded: int) -> int:
        """Of the checkpoint after `folded` facts, if the one before it was after `before`: 0 to 40."""
        return (before // self.least ^ folded // self.least).bit_length()


WINDOW = Window()


class Known(NamedTuple):
    """A row that is stored for another fact of the same event, or for an attempt to send the same fact."""

    node: Id
    event_time: int
    version: int  # of its fact
    is_duplicate: bool


class Verdict(Enum):
    """KNOWN: folded already. FOLD: as any fact. LATE, DUPLICATE: its row says so and nothing else changes. RELOAD: it changes
    what was let go, so the whole history must be folded."""

    KNOWN = "known"
    FOLD = "fold"
    LATE = "late"
    DUPLICATE = "duplicate"
    RELOAD = "reload"


class Dropped(NamedTuple):
    """Keys of facts whose rows are final: folded ones and duplicates, and late ones."""

    counted: list[Key]
    late: list[Key]


def judge(fact: Fact, known: Iterable[Known], cut: int, late_after: int) -> Verdict:
    """What a fact that may touch the part before the cut means. `known`: the stored rows of the members with its
    (original_timestamp, event_id)."""
    is_old, rows = fact[3] < cut, list(known)
    own = next((row for row in rows if row.node == fact[0]), None)
    if own is not None and own.version > fact[5]:
        return Verdict.KNOWN
    if own is not None and (is_old or own.event_time < cut):
        return Verdict.KNOWN if own[1:3] == (fact[3], fact[5]) else Verdict.RELOAD
    rivals = [row for row in rows if row.node != fact[0] and (is_old or row.event_time < cut)]
    if rivals:
        first = min((-row.version, row.node) for row in rivals)
        if first < (-fact[5], fact[0]):
            return Verdict.DUPLICATE
        return Verdict.FOLD if all(row.is_duplicate for row in rivals) and not is_old else Verdict.RELOAD
    if not is_old:
        return Verdict.FOLD
    return Verdict.LATE if fact[4] - fact[3] > late_after else Verdict.RELOAD


def judge_all(
    facts: Iterable[Fact], known: dict[tuple[int, Id], list[Known]], cut: int, late_after: int
) -> list[Verdict]:
    """The same for facts that come together, each as judged above; RELOAD for one whose like comes with it and is old."""
    facts = list(facts)
    verdicts = [judge(fact, known.get(fact[1:3], ()), cut, late_after) for fact in facts]
    alike: dict[tuple[int, Id], set[Fact]] = {}
    for fact in facts:
        alike.setdefault(fact[1:3], set()).add(fact)
    for i, fact in enumerate(facts):
        new = verdicts[i] in (Verdict.LATE, Verdict.DUPLICATE)
        if new and fact[3] < cut and len(alike[fact[1:3]]) > 1:
            verdicts[i] = Verdict.RELOAD
    return verdicts


def thinned(checkpoints: list[tuple[int, T]], end: int) -> list[tuple[int, T]]:
    """Saved states by place, the sparser, the older: about 7 for each halving of the way back. The first, which may be the one
    at the cut, stays."""
    first, *rest = checkpoints
    kept = [rest.pop()]
    for one in reversed(rest):
        if kept[-1][0] - one[0] >= (end - one[0]) // 10:
            kept.append(one)
    return [first, *reversed(kept)]
