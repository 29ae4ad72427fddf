"""Resolver: claims become customers, told in tables first, then to every worker, then to whoever loses a node (protocol.md).

State = function of the claims log up to the committed offset, and of the rules that it names. A second resolver, or the same one
after a crash, says the same things again with the same seq, which is harmless.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from schemas.ids import NONE
from schemas.messages import RULES_KEY, Claim, Ruling, encode
from schemas.tables import CLAIMS, RULES, Block
from streams.effects import Ask, Effect, Message, Pause, Send, Write
from streams.identity.comparison import comparison
from streams.identity.outcome import Clerk, Decision, Outcome
from streams.identity.rules import IdentityRules
from streams.identity.rulings import Read, Refused, effective, ruled, unreadable
from streams.identity.state import IdentityState
from streams.steps.intake import PLAIN, Topics
from streams.steps.telling import Teller, claim_rows
from throughline.logs import get_logger

Step = Generator[Effect, Any, None]
MANY = 10_000  # pairs: a customer of that size is a mistake in the data, or in the rules
log = get_logger(__name__)


@dataclass
class Resolver:
    """`rules`: those that are shipped. `read`: reads the text of a rules file. `state` None: to be loaded. `next_seq`: seq of
    the first claim that is not in the state yet."""

    rules: IdentityRules
    partitions: int
    topics: Topics = PLAIN
    read: Read = unreadable
    state: IdentityState | None = None
    next_seq: int = 0

    def forget(self) -> None:
        """After a failure or a new assignment: the state is loaded again from the recorded claims."""
        self.state = None

    def take(self, offsets: Sequence[int], claims: Sequence[Claim], now: int) -> Generator[Effect, Any, int]:
        """Decides these claims of identity.claims (offset + 1 is the seq) and tells it. Returns how many were decided."""
        numbered = [(offset + 1, claim) for offset, claim in zip(offsets, claims, strict=True)]
        teller = Teller(self.partitions, self.topics, now)
        for is_ruling, batch in groupby(numbered, key=lambda one: one[1].kind == "rules"):
            for part in ([one] for one in batch) if is_ruling else [list(batch)]:
                state = yield from self._state_before(part[0][0])
                self.state = None
                yield Write((Block.of(CLAIMS, [row for seq, claim in part for row in claim_rows(seq, claim)]),))
                if is_ruling:
                    state = yield from self._rule(state, *part[0], teller)
                else:
                    yield from self._decide(state, part, teller)
                self.state, self.next_seq = state, part[-1][0] + 1
        return len(claims)

    def _state_before(self, seq: int) -> Generator[Effect, Any, IdentityState]:
        if self.state is None or self.next_seq != seq:
            links, words = yield Ask("recorded_until", (seq - 1,))
            spoken = [claim for _, claim in words]
            self.state = IdentityState.over(links, spoken, effective(spoken, self.rules, self.read))
        return self.state

    def _decide(self, state: IdentityState, claims: Iterable[tuple[int, Claim]], teller: Teller) -> Step:
        outcomes = []
        for seq, claim in claims:
            outcomes.append(state.apply(seq, claim))
            if state.visited > MANY:
                log.warning("a claim made very many pairs be decided again", seq=seq, pairs=state.visited)
        seen = yield from teller.tell(outcomes, state)
        yield from teller.hand_over(outcomes, seen)

    def _rule(
        self, state: IdentityState, seq: int, claim: Claim, teller: Teller
    ) -> Generator[Effect, Any, IdentityState]:
        found = ruled(state.rules, claim, self.read)
        if isinstance(found, Refused):
            yield from teller.tell([_word(seq, claim, state.rules.version, *found)], state)
            return state
        recorded = yield Ask("recorded_until", (seq,))
        moved = []
        for portion in comparison(recorded, state.rules, found, Clerk(seq, found, claim.evidence)):
            yield Pause()
            yield from teller.tell([portion.outcome], portion.state)
            if portion.outcome.left:
                moved.append(Outcome(left=portion.outcome.left, homes=portion.outcome.homes))
        state = IdentityState.over(recorded.links, [word for _, word in recorded.words], found)
        applied = "applied", f"version {found.version} of the rules holds from here on"
        yield from teller.tell([_word(seq, claim, found.version, *applied)], state)
        yield Write((Block.of(RULES, [(seq, found.version, claim.reason, teller.now)]),))
        ruling = Message(self.topics.changes, 0, RULES_KEY, encode(Ruling(found.version, seq, claim.reason)))
        sent = yield Send((ruling,))
        yield from teller.hand_over(moved, sent[0] + 1)
        return state


def _word(seq: int, claim: Claim, version: int, reason: str, detail: str) -> Outcome:
    """What became of a claim of rules."""
    return Outcome(decisions=(Decision(seq, NONE, NONE, "rules", reason, detail, NONE, version, (claim.evidence,)),))
