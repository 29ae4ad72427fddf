"""What one worker knows of identity and of the rules: it follows identity.changes and asks the tables for whatever it has not
heard of.

The resolver writes the tables before it announces a change, so an answer is never older than the position of the view;
a change that was heard is never replaced by an answer with a lower seq. A second resolver, or the same after a crash, announces
old changes again: of a node that is not held here they say nothing, since the tables may know better.
"""

from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable

from schemas.ids import Id
from schemas.messages import Change, Member, Ruling
from streams.effects import Ask, Effect
from streams.rules import RuleSet, parse

UNKNOWN_HOME = -1


def alone(node: Id) -> Change:
    """The customer of an identifier that was never in a claim: itself. Its home is known to the senders of its marks only."""
    return Change(node, UNKNOWN_HOME, 0, (Member(node, "", UNKNOWN_HOME),))


class View:
    """`position`: offset in identity.changes after the last change applied. `capacity`: nodes kept before the oldest go.
    `rules`: the newest that were heard of, None: those that ship. `read` reads the text of a rules file."""

    def __init__(self, capacity: int = 500_000, position: int = 0, read: Callable[[str], RuleSet] = parse) -> None:
        self.position, self.capacity, self.read = position, capacity, read
        self.rules: RuleSet | None = None
        self._asked_rules = False
        self._nodes: OrderedDict[Id, Change | None] = OrderedDict()  # None: alone, as most are
        self._asking = 0
        self._heard: dict[Id, Change] = {}  # while an answer is under way, of nodes not held: it may be older

    def __len__(self) -> int:
        return len(self._nodes)

    def apply(self, position: int, changes: Iterable[Change | Ruling]) -> None:
        """`changes` end just before `position`; an older change than the known one is ignored. Raises ConfigurationError for
        rules that this build cannot read: whoever went on by others would be wrong."""
        for change in changes:
            if isinstance(change, Ruling):
                self._rule(change.version, change.text)
            else:
                self._learn(change)
        self.position = max(self.position, position)
        self._trim()

    def distrust(self, node: Id, seq: int) -> None:
        """Forgets a node that somebody has seen in a newer customer row than we have: the tables know it."""
        if node in self._nodes and self._seq(node) < seq:
            del self._nodes[node]

    def learn_rules(self, again: bool = False) -> Generator[Effect, object, None]:
        """A step: asks the tables for the rules, which it does once. `again`: whoever has reached the end of what was announced
        since may have missed some that came before."""
        if again or not self._asked_rules:
            answer = yield Ask("rules")
            self._asked_rules = True
            if isinstance(answer, tuple):
                _, version, text = answer
                self._rule(version, text)

    def freeze(self, nodes: Iterable[Id]) -> Generator[Effect, object, tuple[dict[Id, Change], int]]:
        """A step: the customer row of each node, all as of one position, which is the second value."""
        wanted = dict.fromkeys(nodes)  # in their order: one history of inputs, one history of the cache
        while missing := [node for node in wanted if node not in self._nodes]:
            self._asking += 1
            try:
                answer = yield Ask("customers_of", (missing,))
                assert isinstance(answer, dict)
                self._answer(missing, answer)
            finally:
                self._end_asking()
        frozen = {node: self._nodes[node] or alone(node) for node in wanted}
        for node in wanted:
            self._nodes.move_to_end(node)
        self._trim()
        return frozen, self.position

    def _rule(self, version: int, text: str) -> None:
        if self.rules is None or self.rules.version < version:
            self.rules = self.read(text)

    def _end_asking(self) -> None:
        self._asking -= 1
        if not self._asking:
            self._heard.clear()

    def _answer(self, asked: list[Id], answer: dict[Id, Change]) -> None:
        for node in asked:
            change, heard = answer.get(node), self._heard.get(node)
            if heard is not None and (change is None or change.seq < heard.seq):
                change = heard
            if node not in self._nodes or (change is not None and self._seq(node) < change.seq):
                self._nodes[node] = change

    def _learn(self, change: Change) -> None:
        for member in change.members:
            node = member.node
            if node in self._nodes:
                if self._seq(node) <= change.seq:
                    self._nodes[node] = change
            elif self._asking and (node not in self._heard or self._heard[node].seq <= change.seq):
                self._heard[node] = change

    def _seq(self, node: Id) -> int:
        change = self._nodes.get(node)
        return change.seq if change is not None else 0

    def _trim(self) -> None:
        while len(self._nodes) > self.capacity and not self._asking:
            self._nodes.popitem(last=False)
