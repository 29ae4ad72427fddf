"""The topics of Kafka: their names, partitions and configuration, and how they are created."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from schemas.channel import Channel
from throughline.errors import ConfigurationError, Unavailable
from throughline.settings import Settings

DAY = 86_400_000
CLAIMS = "identity.claims"
CHANGES = "identity.changes"
DECISIONS = "identity.decisions"
INBOX = "journeys.inbox"
FRICTION = "friction"
PUBLIC = "touchpoints."
COMPACTED = {"cleanup.policy": "compact"}
BROKER_TIME = {"message.timestamp.type": "LogAppendTime"}  # the record's time decides what is late


@dataclass(frozen=True)
class Topic:
    """`name` with the prefix of the settings; `configs` as Kafka spells them."""

    name: str
    partitions: int
    description: str
    configs: dict[str, str] = field(default_factory=dict)


def public_topic(channel: str, prefix: str = "") -> str:
    """The topic that a channel's events go to."""
    return f"{prefix}{PUBLIC}{channel}"


def channel_of(topic: str, prefix: str = "") -> str | None:
    """The channel whose public topic this is; None for any other topic."""
    start = prefix + PUBLIC
    return topic.removeprefix(start) if topic.startswith(start) else None


def topics(settings: Settings, channels: Iterable[Channel]) -> tuple[Topic, ...]:
    """Every topic of an installation: one for each channel, then the internal ones."""
    prefix, wide = settings.topic_prefix, settings.partitions
    public = [
        Topic(public_topic(channel.name, prefix), wide, channel.description, _kept(7) | BROKER_TIME)
        for channel in sorted(channels, key=lambda channel: channel.name)
    ]
    return (
        *public,
        Topic(prefix + CLAIMS, 1, "which identifiers stood on one event, and what must never be joined", _kept(90)),
        Topic(prefix + CHANGES, 1, "every customer with its members, newest per customer", COMPACTED),
        Topic(prefix + DECISIONS, 1, "why identifiers were joined or refused", _kept(30)),
        Topic(prefix + INBOX, wide, "marks and barriers, by the home of the customer", _kept(7)),
        Topic(prefix + FRICTION, wide, "friction signals as they are found, a hint for speed", _kept(7)),
    )


def _kept(days: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(days * DAY)}


def create_topics(settings: Settings, channels: Iterable[Channel]) -> list[str]:
    """Creates the topics that are missing and returns their names, when every broker knows them.

    Raises Unavailable if Kafka does not answer, ConfigurationError if a topic exists with another number of partitions.
    """
    wanted = topics(settings, channels)
    try:
        admin = KafkaAdminClient(client_id="throughline", **settings.kafka.client_arguments())
        try:
            return _create(admin, wanted, settings.replication)
        finally:
            admin.close()
    except KafkaError as error:
        servers = settings.kafka.bootstrap_servers
        raise Unavailable(f"Kafka at {servers} did not create the topics: {error}; see its log") from error


def _create(admin: KafkaAdminClient, wanted: tuple[Topic, ...], replication: int) -> list[str]:
    present = set(admin.list_topics())
    missing = [topic for topic in wanted if topic.name not in present]
    for topic in missing:
        _create_one(admin, topic, replication)
    if missing:
        admin.wait_for_topics([topic.name for topic in missing])
    _check(admin, wanted)
    return [topic.name for topic in missing]


def _create_one(admin: KafkaAdminClient, topic: Topic, replication: int) -> None:
    configs = topic.configs | {"min.insync.replicas": str(max(1, replication - 1))}
    try:
        admin.create_topics(
            {topic.name: {"num_partitions": topic.partitions, "replication_factor": replication, "configs": configs}}
        )
    except TopicAlreadyExistsError:
        return  # somebody else was faster; _check looks at what they made


def _check(admin: KafkaAdminClient, wanted: tuple[Topic, ...]) -> None:
    described = admin.describe_topics([topic.name for topic in wanted])
    found = {topic["name"]: len(topic["partitions"]) for topic in described}
    for topic in wanted:
        if found[topic.name] != topic.partitions:
            raise ConfigurationError(
                f"topic {topic.name} has {found[topic.name]} partitions, the settings say {topic.partitions}; "
                "the number is fixed for ever: change `partitions` back, or choose another `topic_prefix`"
            )
