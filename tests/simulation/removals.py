"""Takes one rule of the protocol away, from outside, to see what it is good for."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from schemas.messages import Change, Inbox, decode, encode
from streams.effects import Ask, Effect, Message, Reach, Send, Write
from streams.fold.window import Window
from streams.rules import RuleSet
from streams.steps.customers import Cache
from streams.steps.intake import Topics
from streams.steps.past import Past
from streams.view import View
from tests.simulation.lanes import Entry

if TYPE_CHECKING:
    from tests.simulation.process import Process

FOREVER = 1 << 62
INBOX = Topics().inbox

RULES = {
    "fence": "the store checks no epoch",
    "barrier": "the resolver does not tell the partition that loses nodes",
    "wait": "a step goes on before the view has reached what the sender of its marks had seen",
    "facts_first": "marks are sent before their facts are durable",
    "loser_reload": "a customer that lost nodes and still exists is not loaded again",
    "prefix_state": "the resolver starts from every recorded claim, not from those below the committed offset",
    "stored_deadlines": "a worker knows only the deadlines that it has armed itself",
    "tables_first": "identity.changes are announced before the tables hold them",
    "held_only": "a worker believes what is announced of nodes that it does not hold, although it may be old",
    "fingerprint": "a checkpoint is believed whatever the facts and rows before its cut are now",
    "sweep": "after a change of rules nobody folds again what is stored",
    "late_commit": "a source offset is committed before its local marks are folded",
}


class CredulousView(View):
    """Learns every node of every change."""

    def _learn(self, change: Change) -> None:
        for member in change.members:
            if self._seq(member.node) <= change.seq:
                self._nodes[member.node] = change


class CredulousCache(Cache):
    """Believes every checkpoint."""

    def believes(self, past: Past) -> bool:
        return True


@dataclass(frozen=True)
class Removals:
    names: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        unknown = sorted(self.names - set(RULES))
        assert not unknown, f"no such rule: {unknown}; there are {sorted(RULES)}"

    @property
    def sweeps(self) -> bool:
        return "sweep" not in self.names

    def view(self, capacity: int, position: int, read: Callable[[str], RuleSet]) -> View:
        """What a new process is to know of identity."""
        return (CredulousView if "held_only" in self.names else View)(capacity, position, read)

    def cache(self, capacity: int, window: Window) -> Cache:
        """What a new process is to hold of customers."""
        return (CredulousCache if "fingerprint" in self.names else Cache)(capacity, window)

    def handed_over(self, entry: Entry) -> None:
        """The marks of a batch of records wait in memory now."""
        if "late_commit" in self.names:
            entry.finish()

    def effect(self, role: str, effect: Effect) -> Effect:
        """What is performed in the place of an effect."""
        match effect:
            case Reach(_) if "wait" in self.names:
                return Reach(0)
            case Ask("recorded_until", _) if "prefix_state" in self.names:
                return Ask("recorded_until", (FOREVER,))
            case Send(messages) if role == "resolver":
                return Send(tuple(self._messages(messages)))
        return effect

    def answer(self, process: "Process", effect: Effect, result: Any) -> Any:
        """What the step is told instead of the result."""
        if "stored_deadlines" in self.names and isinstance(effect, Ask) and effect.method == "deadlines":
            partition, *_ = effect.args
            return [(*row[:4], row[4] and (partition, *row[:4]) in process.armed) for row in result]
        return result

    def defers(self, role: str, effect: Effect) -> bool:
        """Whether a write is told to be durable at once, and performed only when the step has sent its messages."""
        if not isinstance(effect, Write):
            return False
        return (role == "intake" and "facts_first" in self.names) or (
            role == "resolver" and "tables_first" in self.names
        )

    def _messages(self, messages: Iterable[Message]) -> Iterator[Message]:
        for message in messages:
            barrier = decode(Inbox, message.value).barrier if message.topic == INBOX else None
            if barrier and "loser_reload" in self.names:
                yield message._replace(value=encode(Inbox(barrier=msgspec.structs.replace(barrier, customers=()))))
            elif not barrier or "barrier" not in self.names:
                yield message
