"""Three workers under a kill -9 every few seconds, while shuffled and doubled records and an operator's cuts arrive; then the
tables must be those of the offline reference, and the audit clean.

python -m tests.pipeline.torture --minutes 20 --seed 7 --households 400
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from schemas.identifiers import home_of, key_of
from schemas.ids import node_of
from schemas.messages import Claim, Member, encode
from schemas.topics import CLAIMS
from sources import complete_journey
from sources.generator import Options, generate, people
from tests.pipeline.house import House, Record
from tests.pipeline.reference import reference, stitched
from throughline.cli import audit

YEAR = 1_483_228_800_000, 1_514_764_800_000  # 2017, ms UTC
WORKERS = 1, 2, 3
HOUSEHOLDS = range(1, 2500, 40)  # of the short runs
DATABASES = "store*", "views*"
QUIET = Console(quiet=True)
Kill = Callable[[House, random.Random], None]


@dataclass(frozen=True)
class Said:
    """A record as the emitter forwards it."""

    topic: str
    key: bytes | None
    value: bytes


def year_of(house: House, households: Sequence[int]) -> list[Record]:
    """The real year of some households, and what the generator tells of them, in the order of receiving."""
    prefix, keys = house.settings.topic_prefix, {complete_journey.loyalty_key(number) for number in households}
    real = [record for record in complete_journey.records(prefix) if record.key in keys]
    orders = [order for order in complete_journey.orders() if order.household in set(households)]
    told = list(generate(7, list(households), *YEAR, Options(orders=orders, topic_prefix=prefix)))
    return [*sorted([*real, *told], key=lambda item: item.at)]


def member(house: House, type: str, value: str) -> Member:
    key = house.settings.identity.key.get_secret_value().encode()
    return Member(node_of(type, value, key), type, home_of(key_of(type, value)))


def cuts_of(house: House, households: Sequence[int]) -> list[Claim]:
    """An operator takes the e-mail address of every eighth household from its card, and gives every second of them back."""
    claims = []
    for number in households[::8]:
        pair = member(house, "loyalty_id", str(number)), member(house, "email", people.household(7, number).emails[0])
        id = number.to_bytes(16, "big")
        claims.append(Claim("cut", *pair, 0, 0, "operator", id, "the address of a neighbour"))
        if number % 2:
            claims.append(Claim("uncut", *pair, 0, 0, "operator", id, "it was theirs after all"))
    return claims


def shuffled(house: House, records: Sequence[Record], claims: Sequence[Claim], rng: random.Random) -> list[Record]:
    """All of it in no order, and every twentieth record twice."""
    told = [Said(house.settings.topic_prefix + CLAIMS, None, encode(claim)) for claim in claims]
    found = [*records, *rng.sample(list(records), len(records) // 20), *told]
    rng.shuffle(found)
    return found


def a_worker(house: House, rng: random.Random) -> None:
    house.kill_a_worker(rng)


def all_workers(house: House, rng: random.Random) -> None:
    for process in house.workers.values():
        process.kill()
        process.wait()


def the_broker(house: House, rng: random.Random) -> None:
    house.kafka.kill()
    house.kafka.start()


def the_store(house: House, rng: random.Random) -> None:
    house.clickhouse.kill()
    house.clickhouse.start()


KILLS: tuple[Kill, ...] = (a_worker, a_worker, a_worker, a_worker, the_store, the_broker, all_workers)


@dataclass(frozen=True)
class Torture:
    """`seconds` over which the records arrive; a kill every `pause` to 2 `pause` seconds."""

    seconds: float
    seed: int
    pause: float = 2.0

    def run(self, house: House, records: Sequence[Record]) -> Counter[str]:
        """Returns how often each was killed. `house` has its workers running, and is not at rest at the end."""
        rng, begin, sent = random.Random(self.seed), time.monotonic(), 0
        kills: Counter[str] = Counter()
        while sent < len(records):
            share = min(1.0, (time.monotonic() - begin) / self.seconds)
            house.emit(records[sent : int(share * len(records))])
            sent = int(share * len(records))
            house.supervise()
            time.sleep(rng.uniform(self.pause, 2 * self.pause))
            kill = KILLS[kills.total() % len(KILLS)] if kills.total() < len(KILLS) else rng.choice(KILLS)
            kill(house, rng)
            kills[kill.__name__] += 1
        return kills


def torment(house: House, torture: Torture, households: Sequence[int], settle: float) -> Counter[str]:
    """A whole run on an empty house. Raises AssertionError if the tables are not the reference's or the audit complains."""
    records, claims = year_of(house, households), cuts_of(house, households)
    house.start(WORKERS)
    kills = torture.run(house, shuffled(house, records, claims, random.Random(torture.seed)))
    house.settle(settle)
    assert stitched(house) == reference(house, records, int(time.time() * 1000), claims)
    assert audit.run(house.settings, QUIET).is_right
    return kills


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--households", type=int, default=200, help="at most 2,500; 60 make 8,000 records")
    args = parser.parse_args(arguments)
    households = range(1, 2500, max(1, 2500 // args.households))
    with tempfile.TemporaryDirectory() as name:
        kafka, clickhouse = Kafka(Path(name) / "kafka"), ClickHouse(Path(name) / "clickhouse", databases=DATABASES)
        try:
            with House(Path(name), kafka.start(), clickhouse.start(), run="torture") as house:
                kills = torment(house, Torture(args.minutes * 60, args.seed), households, 600)
        finally:
            clickhouse.stop()
            kafka.stop()
    print(f"seed {args.seed}: the tables of the reference, a clean audit; killed with -9: {dict(kills)}")


if __name__ == "__main__":
    main()
