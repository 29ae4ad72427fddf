"""The resolver over the recorded claims once more: the customers and the map that it wrote, with the same seq."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from schemas.messages import Claim
from schemas.store import Store
from schemas.tables import CUSTOMERS, IDENTITY_MAP, RULES, Block
from streams.effects import Ask, Effect, Pause, Reach, Send, Together, Write, run
from streams.steps.resolver import Resolver

AT_ONCE = 5_000  # claims
HELD = 500_000  # claims whose neighbourhoods are in memory before the state is loaded anew
Insert = Callable[[Block], None]


class Replay:
    """Reads claims from `store`; rows of identity go to `insert`, nothing else goes anywhere. `rules`: the rows that the
    resolver wrote when other rules came."""

    def __init__(self, resolver: Resolver, store: Store, insert: Insert, now: int) -> None:
        self._resolver, self._store, self._insert, self._now = resolver, store, insert, now
        self.rules: list[tuple[Any, ...]] = []
        self.seq = self.claims = self._held = 0

    def until(self, seq: int) -> Iterator[int]:
        """Takes the claims up to this seq; gives now and then how many it has taken in all."""
        claims = iter(self._store.claims_until(seq, self.seq))
        while some := list(islice(claims, AT_ONCE)):
            self._take(some)
            yield self.claims

    def _take(self, claims: list[tuple[int, Claim]]) -> None:
        self._held += len(claims)
        if self._held > HELD:
            self._resolver.forget()
            self._held = 0
        if self._resolver.state is not None:
            self._resolver.next_seq = claims[0][0]  # the log may have had records that were no claims
        offsets = [seq - 1 for seq, _ in claims]
        run(self._resolver.take(offsets, [claim for _, claim in claims], self._now), self._perform)
        self.seq, self.claims = claims[-1][0], self.claims + len(claims)

    def _perform(self, effect: Effect) -> Any:
        match effect:
            case Ask(method, args):
                return getattr(self._store, method)(*args)
            case Write(blocks):
                for block in blocks:
                    self._write(block)
            case Send(messages):
                return [0] * len(messages)
            case Together(effects):
                return [self._perform(one) for one in effects]
            case Reach() | Pause():
                return None
        return None

    def _write(self, block: Block) -> None:
        if block.table in (CUSTOMERS, IDENTITY_MAP):
            self._insert(block)
        elif block.table is RULES:
            self.rules += zip(*block.columns, strict=True)
