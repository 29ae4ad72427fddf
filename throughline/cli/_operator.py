"""An operator's word: what it is about, how it gets into identity.claims, and what stands where before and after it."""

import getpass
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from uuid import UUID, uuid4

from kafka import KafkaProducer
from kafka.errors import KafkaError

from queries.audit import identifiers_of
from queries.identifier import Named, identifier
from queries.operator import Standing, partners_of, standing_of, summed
from schemas.ids import Id, from_uuid
from schemas.messages import Change, Claim, Member, encode
from schemas.topics import CLAIMS
from sinks.clickhouse.connect import open_store, open_views
from streams.view import alone
from throughline.errors import ThroughlineError, Unavailable
from throughline.options import Settings

AROUND = 5_000  # identifiers whose standing is compared
LONGEST = 1_000  # characters of a reason


@dataclass(frozen=True)
class Side:
    """A customer and what stands under it."""

    customer: Id
    nodes: frozenset[Id]
    standing: Standing


class Desk:
    """Reads as `auditor`. Use as a context manager; raises `Unavailable` or `ConfigurationError` if a server is away."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._key, self._region = settings.identity.node_key, settings.identity.region

    def __enter__(self) -> "Desk":
        self.store = open_store(self.settings, "auditor")
        self.client = open_views(self.settings, "auditor", patience=3.0)
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.close()
        self.store.close()

    def identifier(self, text: str, unseen: bool = False) -> Named:
        return identifier(self.client, text.strip(), self._region, self._key, unseen)

    def customers(self, nodes: Collection[Id]) -> dict[Id, Change]:
        """The customer of each node now; of one that was never claimed, itself."""
        found = self.store.customers_of(sorted(nodes))
        return {node: found.get(node) or alone(node) for node in nodes}

    def around(self, nodes: Sequence[Id]) -> set[Id]:
        """All members of the customers of these nodes and of the customers whose identifiers were claimed with theirs:
        whom a word about these nodes may concern."""
        near = {m.node for change in self.customers(nodes).values() for m in change.members}
        near |= set(partners_of(self.client, sorted(near), AROUND - min(AROUND, len(near))))
        return {m.node for change in self.customers(near).values() for m in change.members}

    def sides(self, nodes: Collection[Id]) -> dict[Id, Side]:
        """Customer -> its side, of all customers that hold one of these nodes now."""
        members = {change.customer: change.members for change in self.customers(nodes).values()}
        owner = {member.node: customer for customer, some in members.items() for member in some}
        standings: dict[Id, list[Standing]] = {customer: [] for customer in members}
        for under in standing_of(self.client, sorted(owner)).values():
            for node, standing in under.items():
                standings[owner[node]].append(standing)
        return {
            customer: Side(customer, frozenset(m.node for m in some), summed(standings[customer]))
            for customer, some in members.items()
        }

    def names(self, nodes: Iterable[Id]) -> dict[Id, str]:
        """`type:value` of each node that a touchpoint has carried."""
        found = identifiers_of(self.client, sorted(nodes))
        return {node: f"{type}:{value}" for node, type, value in found}


def say(settings: Settings, claims: Sequence[Claim]) -> list[int]:
    """Puts the claims into the log and returns the seq of each. Raises `Unavailable`: then some may be in it all the same,
    and saying them again does no harm."""
    topic = settings.topic_prefix + CLAIMS
    try:
        with closing(KafkaProducer(**settings.kafka.client_arguments(), acks="all")) as producer:
            futures = [producer.send(topic, encode(claim), partition=0) for claim in claims]
            return [int(future.get(30).offset) + 1 for future in futures]
    except KafkaError as error:
        raise Unavailable(f"Kafka did not take the claim for {topic}: {error}; ask again") from error


def claim(kind: str, a: Member, b: Member, id: Id, reason: str) -> Claim:
    return Claim(kind, a, b, 0, 0, "operator", id, signed(reason))  # type: ignore[arg-type]  # one of the literals


def signed(reason: str) -> str:
    """The reason with the name of who gives it."""
    reason = reason.strip()
    if not reason:
        raise ThroughlineError('a reason is needed: --reason "two neighbours who share a tablet"')
    if len(reason) > LONGEST:
        raise ThroughlineError(f"the reason has {len(reason):,} characters; tell it in {LONGEST:,}")
    return f"{_operator()}: {reason}"


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "unknown"


def new_id() -> Id:
    return from_uuid(uuid4())


def id_of(text: str, what: str) -> Id:
    try:
        return from_uuid(UUID(text.strip()))
    except ValueError as error:
        raise ThroughlineError(f"{text} is no id of a {what}; the command that made it showed one") from error
