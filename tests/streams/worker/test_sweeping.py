"""A worker that hears of new rules, over Kafka and the store in memory."""

import asyncio

from schemas.messages import RULES_KEY, Ruling, encode
from schemas.tables import RULES, Block
from streams.effects import Message
from streams.steps.blocks import facts_block
from tests.streams.steps.outside import AT, fact, mark
from tests.streams.worker.test_worker import ANN, HOME, House, in_house, inbox
from throughline import metrics

SECOND = 'version = 2\n[journeys]\nlate_after = "1 h"\n'


async def swept(house: House) -> None:
    """Until the worker's services have nothing to do any more."""
    runs = asyncio.create_task(house.worker.desks.run())
    while not all(desk.sweep.is_over for desk in house.worker.desks):
        for desk in house.worker.desks:
            desk.wake()
            await desk.look_for_stale()
        await asyncio.sleep(0.01)
    runs.cancel()
    house.worker.parts.measures.sweeping(desk.sweep for desk in house.worker.desks)


def test_a_worker_folds_again_by_new_rules_without_a_restart_and_without_an_event() -> None:
    async def scene(house: House) -> None:
        visit = fact(ANN, "e1")._replace(received_at=AT + 7_200_000)
        house.store.insert(facts_block([visit]))
        await house.owns(0, 1, 2, 3)
        await house.reads(house.worker._read_inbox, inbox(HOME, mark(visit)))
        await house.works()
        assert [row["status"] for row in house.rows()] == ["folded"]
        house.store.insert(Block.of(RULES, [(9, 2, SECOND, AT)]))
        await house.kafka.send([Message("identity.changes", 0, RULES_KEY, encode(Ruling(2, 9, SECOND)))])
        await house.follower.reach_end()
        await swept(house)
        assert [(row["status"], row["version"] >> 96) for row in house.rows()] == [("late", 2)]
        assert (metrics.RULES_VERSION._value.get(), metrics.SWEEP_ROWS_LEFT._value.get()) == (2, 0)

    in_house(scene)
