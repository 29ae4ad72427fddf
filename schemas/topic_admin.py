"""Creates topics with kafka-python. Call `schemas.topics.create_topics`."""

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from schemas.topics import Topic
from throughline.errors import ConfigurationError, Unavailable
from throughline.settings import Settings


def create(settings: Settings, wanted: tuple[Topic, ...]) -> list[str]:
    """As `schemas.topics.create_topics`, for these topics."""
    try:
        arguments = settings.kafka.client_arguments()
        admin = KafkaAdminClient(client_id="throughline", bootstrap_timeout_ms=10_000, **arguments)
        try:
            return _create(admin, wanted, settings.replication)
        finally:
            admin.close()
    except KafkaError as error:
        servers = settings.kafka.bootstrap_servers
        raise Unavailable(
            f"Kafka at {servers} did not create the topics ({error}); start it with `throughline up`, or see its log"
        ) from error


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
