"""The topics of Kafka: their names, partitions and configuration, and how they are created."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.channel import Channel
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
LARGE = {"max.message.bytes": str(16 * 1024 * 1024)}  # what is too large is a dead letter, no error for senders


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
        Topic(public_topic(channel.name, prefix), wide, channel.description, _kept(7) | BROKER_TIME | LARGE)
        for channel in sorted(channels, key=lambda channel: channel.name)
    ]
    return (
        *public,
        Topic(prefix + CLAIMS, 1, "which identifiers stood on one event, and what must never be joined", _kept(90)),
        Topic(prefix + CHANGES, 1, "every customer with its members, newest per customer", COMPACTED),
        Topic(
            prefix + DECISIONS, wide, "every decision on identity with its reason and evidence, by customer", _kept(90)
        ),
        Topic(prefix + INBOX, wide, "marks and barriers, by the home of the customer", _kept(7)),
        Topic(prefix + FRICTION, wide, "friction signals as they are found, a hint for speed", _kept(7)),
    )


def _kept(days: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(days * DAY)}


def create_topics(settings: Settings, channels: Iterable[Channel]) -> list[str]:
    """Creates the topics that are missing and returns their names, when every broker knows them.

    Raises Unavailable if Kafka does not answer, ConfigurationError if a topic exists with another number of partitions.
    """
    from schemas.topic_admin import create  # kafka-python takes long to import, and most readers need only the names

    return create(settings, topics(settings, channels))
