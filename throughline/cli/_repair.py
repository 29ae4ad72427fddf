"""The repair: a mark "load again" for each customer that is not right, sent to the partition of its owner.

A mark is a hint: one too many, or one sent twice, costs a fold and changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

from kafka import KafkaProducer
from kafka.errors import KafkaError

from queries.audit import identifiers_of
from queries.audit_checks import Finding
from schemas.identifiers import home_of, key_of
from schemas.ids import Id
from schemas.messages import Inbox, Mark, encode
from schemas.topics import INBOX
from sinks.clickhouse.connect import open_store, server_of
from sinks.clickhouse.server import Connections
from streams.view import UNKNOWN_HOME
from throughline.errors import Unavailable
from throughline.options import Settings

MARKS = 1_000  # in one message


class Sent(NamedTuple):
    """`homeless`: nodes of which no table says where their customer lives; nothing was sent for them."""

    marks: int
    homeless: tuple[Id, ...]


def repair(settings: Settings, findings: Sequence[Finding]) -> Sent:
    """Returns when Kafka has taken the marks. Raises `Unavailable`."""
    nodes = sorted({node for check, faults in findings for node in check.nodes(faults)})
    return load_again(settings, nodes)


def load_again(settings: Settings, nodes: Sequence[Id]) -> Sent:
    """Has the customers of these nodes read from the tables and folded. Raises `Unavailable`."""
    homes = homes_of(settings, nodes)
    marks: dict[int, list[Mark]] = defaultdict(list)
    for node, home in homes.items():
        marks[home % settings.partitions].append(Mark(node, None, seen=0, seq=0))
    if marks:
        send(settings, marks)
    return Sent(len(homes), tuple(node for node in nodes if node not in homes))


def homes_of(settings: Settings, nodes: Sequence[Id]) -> dict[Id, int]:
    """The home of each node's customer, as its row says; of the node's own key if it was never merged."""
    if not nodes:
        return {}
    with closing(open_store(settings, "auditor")) as store:
        homes = {node: customer.home for node, customer in store.customers_of(nodes).items()}
    homes = {node: home for node, home in homes.items() if home != UNKNOWN_HOME}
    alone = [node for node in nodes if node not in homes]
    with closing(Connections(server_of(settings, "auditor"))) as client:
        return homes | {node: home_of(key_of(type, value)) for node, type, value in identifiers_of(client, alone)}


def send(settings: Settings, marks: Mapping[int, Sequence[Mark]]) -> None:
    """Marks by inbox partition. Returns when Kafka has taken them. Raises `Unavailable`."""
    topic = settings.topic_prefix + INBOX
    try:
        with closing(KafkaProducer(**settings.kafka.client_arguments(), acks="all")) as producer:
            futures = [
                producer.send(topic, encode(Inbox(marks=part)), partition=partition)
                for partition, all in sorted(marks.items())
                for part in _parts(all)
            ]
            for future in futures:
                future.get(30)
    except KafkaError as error:
        raise Unavailable(f"Kafka did not take the marks for {topic}: {error}; ask again") from error


def _parts(marks: Sequence[Mark]) -> Iterable[tuple[Mark, ...]]:
    return (tuple(marks[i : i + MARKS]) for i in range(0, len(marks), MARKS))
