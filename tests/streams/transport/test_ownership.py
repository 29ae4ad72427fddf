"""What listeners are told, rebalance by rebalance, without Kafka."""

import asyncio

import pytest
from faust.types import TP

from streams.transport.ownership import Ownership, PartitionListener

A, B, C = TP("t", 0), TP("t", 1), TP("t", 2)


class Diary(PartitionListener):
    def __init__(self):
        self.told: list[tuple[str, frozenset[TP]]] = []
        self.ready = asyncio.Event()
        self.ready.set()

    async def gained(self, partitions, generation):
        self.told.append(("gaining", partitions))
        await self.ready.wait()
        self.told.append(("gained", partitions))

    async def draining(self, partitions):
        self.told.append(("draining", partitions))

    async def lost(self, partitions):
        self.told.append(("lost", partitions))

    def since(self, word: str) -> list[frozenset[TP]]:
        return [partitions for said, partitions in self.told if said == word]


class Rig:
    def __init__(self):
        self.diary, self.crashes, self.opened = Diary(), [], 0
        self.ownership = Ownership(self.crash, self.open)
        self.ownership.listeners = [self.diary]

    async def crash(self, error):
        self.crashes.append(error)

    def open(self):
        self.opened += 1

    async def rebalance(self, partitions, generation):
        await self.ownership.revoked()
        await self.ownership.draining()
        await self.ownership.assigned(partitions, generation)
        await asyncio.sleep(0.01)


def run(story):
    asyncio.run(story(Rig()))


def test_new_partitions_are_closed_until_gained_returns():
    async def story(rig):
        rig.diary.ready.clear()
        await rig.rebalance({A}, 1)
        assert rig.ownership.closed == {A}
        rig.diary.ready.set()
        await asyncio.sleep(0.01)
        assert not rig.ownership.closed
        assert rig.opened == 1

    run(story)


def test_what_comes_back_in_the_next_generation_is_neither_lost_nor_gained():
    async def story(rig):
        await rig.rebalance({A, B}, 1)
        await rig.rebalance({A, C}, 2)
        assert rig.diary.since("lost") == [{B}]
        assert rig.diary.since("gained") == [{A, B}, {C}]

    run(story)


def test_after_a_missed_generation_everything_is_lost_and_gained():
    async def story(rig):
        await rig.rebalance({A}, 1)
        await rig.rebalance({A}, 3)
        assert rig.diary.since("lost") == [{A}]
        assert rig.diary.since("gained") == [{A}, {A}]

    run(story)


def test_a_rebalance_cancels_gained_and_it_is_called_again():
    async def story(rig):
        rig.diary.ready.clear()
        await rig.rebalance({A}, 1)
        rig.diary.ready.set()
        rig.ownership._gaining.get_coro()  # still under way
        await rig.rebalance({A}, 2)
        assert rig.diary.since("gained") == [{A}]
        assert len(rig.diary.since("gaining")) == 2

    run(story)


def test_a_cancelled_gain_that_goes_elsewhere_is_lost():
    async def story(rig):
        rig.diary.ready.clear()
        await rig.rebalance({A}, 1)
        await rig.rebalance({B}, 2)
        assert rig.diary.since("lost") == [{A}]

    run(story)


def test_an_error_in_gained_crashes_and_keeps_the_partition_closed():
    async def story(rig):
        async def broken(partitions, generation):
            raise RuntimeError("no store")

        rig.diary.gained = broken
        await rig.rebalance({A}, 1)
        assert [str(error) for error in rig.crashes] == ["no store"]
        assert rig.ownership.closed == {A}

    run(story)


def test_an_error_in_lost_is_raised():
    async def story(rig):
        async def broken(partitions):
            raise RuntimeError("stuck")

        rig.diary.lost = broken
        await rig.rebalance({A}, 1)
        with pytest.raises(RuntimeError, match="stuck"):
            await rig.rebalance({B}, 2)

    run(story)
