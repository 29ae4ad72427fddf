"""ClickHouse in memory, with inserts that are under way: each is checked by the fence when it begins and is in the table, as a
whole, when it has finished. Its client may be dead by then."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from schemas.tables import OFFSETS, Block
from sinks.memory import MemoryStore


@dataclass(eq=False)
class Insert:
    block: Block
    client: object
    done: bool = False
    killed: bool = False


class Server:
    """`fenced` False: the CHECK constraint is missing."""

    def __init__(self, random: Random, fenced: bool = True) -> None:
        self.random, self.fenced = random, fenced
        self.store = MemoryStore()
        self.running: list[Insert] = []
        self.offsets: set[tuple[str, int, int]] = set()  # in the table `offsets`
        self.settled: dict[int, int] = {}  # partition -> epoch whose owner has waited for the inserts of all older ones

    def begin(self, block: Block, client: object) -> Insert:
        if self.fenced:
            self.store.admit(block)
        insert = Insert(block, client)
        self.running.append(insert)
        return insert

    def finish(self, insert: Insert) -> None:
        self.running.remove(insert)
        block = insert.block
        for partition, epoch in block.fence if self.fenced else ():
            assert epoch >= self.settled.get(partition, 0), (
                f"an insert of partition {partition} came after its new owner began"
            )
        self.store.insert_unfenced(block)
        if block.table is OFFSETS:
            self.offsets.update(zip(*block.columns[:3], strict=True))
        insert.done = True

    def finish_some(self) -> None:
        if self.running:
            self.finish(self.random.choice(self.running))

    def forget(self, client: object) -> None:
        """The client has died: what it had under way finishes or not."""
        for insert in [one for one in self.running if one.client is client]:
            if self.random.random() < 0.3:
                self.running.remove(insert)

    def ask(self, method: str, args: tuple[Any, ...]) -> Any:
        if method == "inserts_of_older_epochs":
            return len(self._older(*args))
        if method == "kill_inserts_of_older_epochs":
            return self._kill(*args)
        answer = getattr(self.store, method)(*args)
        return list(answer) if method == "claims_until" else answer

    def _older(self, partition: int, epoch: int) -> list[Insert]:
        fences: Iterable[tuple[Insert, tuple[int, int]]] = ((i, f) for i in self.running for f in i.block.fence)
        found = [insert for insert, (p, e) in fences if p == partition and e < epoch] if self.fenced else []
        if not found:
            self.settled[partition] = max(epoch, self.settled.get(partition, 0))
        return found

    def _kill(self, partition: int, epoch: int) -> None:
        """KILL QUERY takes its time: some finish before it reaches them."""
        for insert in self._older(partition, epoch):
            if self.random.random() < 0.5:
                self.running.remove(insert)
                insert.killed = True
            else:
                self.finish(insert)
