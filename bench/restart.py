"""How long a worker takes from its start to the first events, when a million customers are known.

    python -m bench.restart --customers 1000000

The tables are filled as if a resolver had written them: three pairs of a customer, one event each. Two events wait in Kafka: one of
a customer known by its e-mail alone, and one that brings a known customer a new cookie, so that the resolver has to load its state.
"""

import time
from typing import Annotated, Any
from uuid import uuid4

import typer
from confluent_kafka import Consumer, Producer, TopicPartition

from bench.cpu import resident
from bench.ground import ground, prepare, worker
from bench.load import START, iso
from schemas.identifiers import home_of, key_of
from schemas.ids import node_of, to_uuid
from schemas.messages import Claim, Member
from schemas.tables import CLAIMS, Block
from schemas.topics import CLAIMS as CLAIMS_TOPIC
from schemas.topics import public_topic
from sinks.clickhouse.connect import open_store, open_views, server_of
from sinks.clickhouse.server import Connections
from streams.steps.telling import claim_rows
from throughline.options import Settings

PAIRS = 3  # of each customer
STAR = "[reinterpretAsUUID(sipHash128(n, 'cookie 1')), reinterpretAsUUID(sipHash128(n, 'cookie 2')), user]"
KNOWN = """SELECT number AS n, reinterpretAsUUID(sipHash128(n, 'user')) AS user, reinterpretAsUUID(sipHash128(n, 'email')) AS email,
    ['anonymous_id', 'anonymous_id', 'user_id'] AS types, {star} AS star FROM numbers({customers})"""
FILL = (
    """INSERT INTO claims SELECT if(turned, other, email), if(turned, email, other), 'link', reinterpretAsUUID(sipHash128(n, m)),
        n * 3 + m, if(turned, type, 'email'), if(turned, 'email', type), 7, 7,
        fromUnixTimestamp64Milli(toInt64({start} + n * 3 + m)), 1, 'bench', ''
    FROM (SELECT n, email, m, star[m] AS other, types[m] AS type FROM ({known}) ARRAY JOIN [1, 2, 3] AS m)
    ARRAY JOIN [0, 1] AS turned""",
    """INSERT INTO customers SELECT user, n * 3 + 3, 7, arraySort(arrayConcat(star, [email])),
        arrayMap(x -> multiIf(x = user, 'user_id', x = email, 'email', 'anonymous_id'), arraySort(arrayConcat(star, [email]))),
        [7, 7, 7, 7], [], fromUnixTimestamp64Milli(toInt64({start} + n * 3 + 3)), user, email FROM ({known})""",
    """INSERT INTO identity_map SELECT arrayJoin(arrayConcat(arraySlice(star, 1, 2), [email])), user, n * 3 + 3 FROM ({known})""",
    """INSERT INTO facts (node, original_timestamp, event_id, event_time, received_at, version, channel, event)
    SELECT email, t, reinterpretAsUUID(sipHash128(n, 'event')), t, t, 1, 'website', 'Page Viewed'
    FROM (SELECT n, email, fromUnixTimestamp64Milli(toInt64({start} + n)) AS t FROM ({known}))""",
)


def fill_tables(settings: Settings, customers: int) -> None:
    known = KNOWN.format(customers=customers, star=STAR)
    connections = Connections(server_of(settings, "worker"))
    for statement in FILL:
        connections.ask(statement.format(known=known, start=START))
    store = open_store(settings, "worker")
    link = Claim("link", member(settings, "email"), member(settings, "user_id"), START, 3, "bench", bytes(16))
    store.insert(Block.of(CLAIMS, claim_rows(customers * PAIRS + 1, link)))


def member(settings: Settings, type: str) -> Member:
    """Of the one known customer whose identifiers are not made up by the server."""
    key = key_of(type, f"{type}@known.example")
    return Member(node_of(type, f"{type}@known.example", settings.identity.node_key), type, home_of(key))


def fill_log(settings: Settings, claims: int) -> None:
    """A log as long as the tables say, read to its end by the workers' group."""
    topic, servers = settings.topic_prefix + CLAIMS_TOPIC, settings.kafka.bootstrap_servers
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 50, "queue.buffering.max.messages": 2_000_000})
    for number in range(claims):
        producer.produce(topic, b".", partition=0)
        if number % 500_000 == 0:
            producer.flush()
    producer.flush()
    consumer = Consumer({"bootstrap.servers": servers, "group.id": f"{settings.topic_prefix}throughline"})
    consumer.commit(offsets=[TopicPartition(topic, 0, claims)], asynchronous=False)
    consumer.close()


def send(settings: Settings, identifiers: dict[str, str]) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers, "partitioner": "murmur2_random"})
    named = ",".join(f'"{type}":"{value}"' for type, value in identifiers.items())
    now = iso(int(time.time() * 1000))
    body = (f'{{"event_id":"{uuid4()}","event":"Page Viewed","channel":"website","source":"probe","original_timestamp":"{now}",'
            f'"identifiers":{{{named}}},"properties":{{}},"context":{{}}}}')  # fmt: skip
    producer.produce(public_topic("website", settings.topic_prefix), body.encode(), f"email:{identifiers['email']}")
    producer.flush()


def measured(values: dict[str, Any], settings: Settings) -> tuple[float, float, float]:
    """Seconds to the first stitched event and to the first claim decided, and the worker's MB then."""
    views = open_views(settings, "auditor")
    store, cookie = Connections(server_of(settings, "worker")), f"cookie-{uuid4()}"
    event = f"SELECT 1 FROM journey_touchpoints WHERE node = '{to_uuid(member(settings, 'email').node)}' LIMIT 1"
    node = to_uuid(node_of("anonymous_id", cookie, settings.identity.node_key))
    send(settings, {"email": "email@known.example"})
    send(settings, {"email": "email@known.example", "anonymous_id": cookie})
    began, found = time.monotonic(), dict[str, float]()
    with worker(values) as (pid, _):
        while len(found) < 2:
            time.sleep(0.05)
            if "event" not in found and views.ask(event):
                found["event"] = time.monotonic() - began
            if "claim" not in found and store.ask(f"SELECT 1 FROM identity_map WHERE node = '{node}' LIMIT 1"):
                found["claim"] = time.monotonic() - began
        return found["event"], found["claim"], resident(pid)


def main(customers: Annotated[int, typer.Option(help="How many are known.")] = 1_000_000) -> None:
    with ground() as at:
        values = at.values()
        settings = prepare(values)
        fill_tables(settings, customers)
        fill_log(settings, customers * PAIRS + 1)
        event, claim, memory = measured(values, settings)
    print(f"{customers:,} known customers, {customers * PAIRS:,} pairs: first event stitched after {event:.1f} s "
          f"(expected at most 10), first claim decided after {claim:.1f} s; {memory:,.0f} MB resident")  # fmt: skip


if __name__ == "__main__":
    typer.run(main)
