"""Processes and brokers that die in the middle of work. Nothing acked is lost, nothing not stored is committed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from deploy.local.kafka import Kafka
from streams.transport.watchdog import EXIT_STALLED

PROGRAM = Path(__file__).with_name("process.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROGRAM.parents[3])}


class Processes:
    """Worker processes of one group over one topic, and what each has stored."""

    def __init__(self, it, topic, folder):
        self.it, self.topic, self.folder, self.running = it, topic, folder, []

    def start(self, slot="one", mode="store"):
        arguments = [
            self.it.connection.bootstrap_servers,
            self.it.group,
            slot,
            self.topic,
            str(self.folder / slot),
            mode,
        ]
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen([sys.executable, PROGRAM, *arguments], env=ENVIRONMENT, stderr=log, stdout=log)
        self.running.append(process)
        return process

    def stored(self):
        """partition -> offsets that some process has stored."""
        seen = defaultdict(set)
        for store in self.folder.iterdir():
            if store.name != "log":
                for line in store.read_text().splitlines():
                    partition, _, offset = line.partition(" ")
                    seen[int(partition)].add(int(offset))
        return seen

    def count(self):
        return sum(map(len, self.stored().values()))

    async def check_commits(self):
        committed = await self.it.committed()
        stored = self.stored()  # read after the commits
        for (_, partition), offset in committed.items():
            assert stored[partition] >= set(range(offset))

    def kill_all(self):
        for process in self.running:
            process.kill()
            process.wait()


async def ended(process, seconds=30.0):
    return await asyncio.to_thread(process.wait, seconds)


@pytest.fixture
def processes(story, tmp_path):
    """`processes(coroutine_function, partitions, records)` runs it with a Story and Processes over a filled topic."""

    def run(tell, partitions=1, records=2_000):
        async def told(it):
            topic = await it.topic(partitions=partitions)
            await it.produce(topic, records, partitions=partitions)
            crew = Processes(it, topic, tmp_path)
            try:
                await tell(it, crew)
            finally:
                crew.kill_all()

        story(told)

    return run


def test_a_killed_worker_loses_nothing(processes, eventually):
    async def tell(it, crew):
        for _ in range(2):
            victim, before = crew.start(mode="slow"), crew.count()
            await eventually(lambda before=before: crew.count() > before)
            victim.kill()
            victim.wait()
            await crew.check_commits()
        crew.start()
        await eventually(lambda: crew.count() == 4_000)
        await crew.check_commits()

    processes(tell, partitions=2, records=4_000)


def test_the_others_take_over_from_a_killed_worker_that_stays_away(processes, eventually):
    async def tell(it, crew):
        victim, _ = crew.start("one", "slow"), crew.start("two", "slow")
        await eventually(lambda: all((crew.folder / slot).exists() for slot in ("one", "two")))
        await eventually(lambda: crew.count() > 800)
        victim.kill()
        await eventually(lambda: crew.count() == 8_000, 60.0)
        await crew.check_commits()

    processes(tell, partitions=2, records=8_000)


def test_an_exception_in_the_agent_ends_the_process_and_loses_nothing(processes, eventually):
    async def tell(it, crew):
        assert await ended(crew.start(mode="fail")) == 1
        assert crew.count() == 400
        assert await it.committed() == {(crew.topic, 0): 400}
        crew.start()
        await eventually(lambda: crew.count() == 2_000)

    processes(tell)


def test_a_worker_that_acks_nothing_more_is_ended_by_its_watchdog(processes):
    async def tell(it, crew):
        assert await ended(crew.start(mode="hang")) == EXIT_STALLED
        assert await it.committed() == {(crew.topic, 0): 400}

    processes(tell)


def test_a_worker_told_to_stop_finishes_what_it_has_in_hand(processes, eventually):
    async def tell(it, crew):
        worker = crew.start(mode="slow")
        await eventually(lambda: crew.count() >= 400)
        worker.send_signal(signal.SIGTERM)
        assert await ended(worker) == 0
        assert await it.committed() == {(crew.topic, 0): crew.count()}

    processes(tell, records=20_000)


def test_a_worker_that_starts_without_a_broker_ends_with_an_error(tmp_path):
    arguments = ["127.0.0.1:1", "g", "one", "t", str(tmp_path / "one"), "store"]
    done = subprocess.run([sys.executable, PROGRAM, *arguments], env=ENVIRONMENT, capture_output=True, timeout=30)
    assert done.returncode == 1


class TestBroker:
    @pytest.fixture
    def kafka(self, tmp_path_factory):
        kafka = Kafka(tmp_path_factory.mktemp("kafka"))
        kafka.start()
        yield kafka
        kafka.stop()

    def test_a_killed_broker_that_returns_loses_nothing(self, processes, kafka, eventually):
        async def tell(it, crew):
            crew.start("one", "slow")
            crew.start("two", "slow")
            for goal in (600, 1_600):
                await eventually(lambda goal=goal: crew.count() > goal)
                kafka.kill()
                await asyncio.sleep(1.0)
                await asyncio.to_thread(kafka.start)
            await eventually(lambda: crew.count() == 6_000, 60.0)
            await crew.check_commits()
            assert [process.poll() for process in crew.running] == [None, None]

        processes(tell, partitions=2, records=6_000)
