"""AsyncAPI 3.0: the public topics, what is sent to them, how Kafka holds them, and the decisions that others may follow."""

from collections.abc import Iterable
from typing import Any

from schemas.channel import Channel
from schemas.export import outgoing
from schemas.export.json_schema import definitions_of
from schemas.identifiers import TYPES
from schemas.messages import Decided
from schemas.topics import Topic, public_topic, topics
from schemas.touchpoint import Touchpoint
from throughline.settings import Settings

Document = dict[str, Any]
BINDING = "0.5.0"
KEY = {
    "type": "string",
    "description": "type:value of the strongest identifier, normalised; in the order " + ", ".join(TYPES),
    "examples": ["loyalty_id:4711", "email:ada@example.org"],
}


def asyncapi_document(settings: Settings, channels: Iterable[Channel]) -> Document:
    """One application, Throughline, that receives touchpoints."""
    known = list(channels)
    by_name = {topic.name: topic for topic in topics(settings, known)}
    held = {channel.name: by_name[public_topic(channel.name, settings.topic_prefix)] for channel in known}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Throughline touchpoints",
            "version": "1.0.0",
            "description": (Touchpoint.__doc__ or "").strip(),
        },
        "defaultContentType": "application/json",
        "servers": _servers(settings),
        "channels": {
            **{channel.name: _public(channel, held[channel.name], settings.replication) for channel in known},
            outgoing.NAME: _channel(outgoing.topic_of(by_name, settings), [Decided.__name__], settings.replication),
        },
        "operations": {
            **{f"receive_{channel.name}": _operation(channel) for channel in known},
            f"send_{outgoing.NAME}": outgoing.operation(),
        },
        "components": {
            "messages": {**_messages(known), Decided.__name__: outgoing.message()},
            "schemas": {**definitions_of(known, "#/components/schemas/{model}"), **outgoing.schema()},
        },
    }


def _servers(settings: Settings) -> Document:
    kafka = settings.kafka
    protocol = "kafka-secure" if kafka.security_protocol.endswith("SSL") else "kafka"
    hosts = kafka.bootstrap_servers.split(",")
    return {f"kafka{number}": {"host": host, "protocol": protocol} for number, host in enumerate(hosts, 1)}


def _public(channel: Channel, topic: Topic, replicas: int) -> Document:
    return _channel(topic, [model.__name__ for model in _models(channel)], replicas)


def _channel(topic: Topic, names: list[str], replicas: int) -> Document:
    kept = {"cleanup.policy": [topic.configs["cleanup.policy"]], "retention.ms": int(topic.configs["retention.ms"])}
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "replicas": replicas,
                "topicConfiguration": kept,
                "bindingVersion": BINDING,
            }
        },
    }


def _operation(channel: Channel) -> Document:
    return {"action": "receive", "channel": {"$ref": f"#/channels/{channel.name}"}, "summary": channel.description}


def _models(channel: Channel) -> list[type[Touchpoint]]:
    return [*channel.touchpoints.values(), channel.free]


def _messages(channels: list[Channel]) -> Document:
    return {model.__name__: _message(channel, model) for channel in channels for model in _models(channel)}


def _message(channel: Channel, model: type[Touchpoint]) -> Document:
    event = next((name for name, known in channel.touchpoints.items() if known is model), "any other event")
    return {
        "name": model.__name__,
        "title": f"{event} ({channel.name})",
        "summary": (model.__doc__ or "").strip(),
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        "bindings": {"kafka": {"key": KEY, "bindingVersion": BINDING}},
    }
