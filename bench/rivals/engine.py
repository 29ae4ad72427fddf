"""Rival: ClickHouse's own Kafka engine with one consumer. It parses and stores; it knows no customer, session or journey.

`JSONEachRow` is the way of its tutorial; `RawBLOB` hands whole messages to the view, which parses them: its fastest form.
"""

import time

from clickhouse_driver import Client

COLUMNS = """event_id UUID, event LowCardinality(String), channel LowCardinality(String), source LowCardinality(String),
 ts DateTime64(3, 'UTC'), received_at DateTime64(3, 'UTC'), anonymous_id String, user_id String, path LowCardinality(String),
 campaign LowCardinality(String), locale LowCardinality(String), value Float64, duration_ms UInt32, properties String"""
PARSED = """Tuple(event_id UUID, event String, channel String, source String, original_timestamp String, received_at String,
 identifiers Tuple(anonymous_id String, user_id String), context Tuple(locale String, page Tuple(path String),
 campaign Tuple(name String)), properties Tuple(value Float64, duration_ms UInt32))"""
READ = """event_id UUID, event LowCardinality(String), channel LowCardinality(String), source LowCardinality(String),
 original_timestamp DateTime64(3, 'UTC'), received_at DateTime64(3, 'UTC'), identifiers Tuple(anonymous_id String, user_id String),
 context Tuple(locale LowCardinality(String), page Tuple(path LowCardinality(String)), campaign Tuple(name LowCardinality(String))),
 properties String"""
EACH_ROW = """SELECT event_id, event, channel, source, original_timestamp AS ts, received_at, identifiers.anonymous_id AS anonymous_id,
 identifiers.user_id AS user_id, context.page.path AS path, context.campaign.name AS campaign, context.locale AS locale,
 simpleJSONExtractFloat(properties, 'value') AS value, toUInt32(simpleJSONExtractUInt(properties, 'duration_ms')) AS duration_ms,
 properties FROM store_rival.queue"""
RAW = f"""SELECT j.event_id AS event_id, j.event AS event, j.channel AS channel, j.source AS source,
 parseDateTime64BestEffort(j.original_timestamp, 3, 'UTC') AS ts, parseDateTime64BestEffort(j.received_at, 3, 'UTC') AS received_at,
 j.identifiers.anonymous_id AS anonymous_id, j.identifiers.user_id AS user_id, j.context.page.path AS path,
 j.context.campaign.name AS campaign, j.context.locale AS locale, j.properties.value AS value, j.properties.duration_ms AS duration_ms,
 simpleJSONExtractRaw(raw, 'properties') AS properties FROM (SELECT raw, JSONExtract(raw, '{PARSED}') AS j FROM store_rival.queue)"""
FORMS = {"JSONEachRow": (READ, EACH_ROW), "RawBLOB": ("raw String", RAW)}


class Engine:
    """Stores `topic` into a MergeTree. `start`, then `stored` until it has all, then `stop`."""

    def __init__(self, client: Client, brokers: str, topic: str, form: str) -> None:
        self._client, self._brokers, self._topic, self._form = client, brokers, topic, form

    def start(self) -> None:
        read, select = FORMS[self._form]
        self._client.execute("DROP DATABASE IF EXISTS store_rival SYNC")
        self._client.execute("CREATE DATABASE store_rival")
        self._client.execute(
            f"CREATE TABLE store_rival.touchpoints ({COLUMNS}) ENGINE = MergeTree PARTITION BY toYYYYMM(ts) "
            "ORDER BY (toDate(ts), channel, event, cityHash64(anonymous_id), event_id)"
        )
        self._client.execute(
            f"CREATE TABLE store_rival.queue ({read}) ENGINE = Kafka SETTINGS kafka_broker_list = '{self._brokers}', "
            f"kafka_topic_list = '{self._topic}', kafka_group_name = 'rival-{time.time_ns()}', kafka_format = '{self._form}', "
            "kafka_num_consumers = 1, kafka_max_block_size = 65536, kafka_poll_max_batch_size = 65536, "
            "date_time_input_format = 'best_effort', input_format_skip_unknown_fields = 1, "
            "input_format_json_read_objects_as_strings = 1"
        )
        self._client.execute(f"CREATE MATERIALIZED VIEW store_rival.mover TO store_rival.touchpoints AS {select}")

    def stored(self) -> int:
        return int(self._client.execute("SELECT count() FROM store_rival.touchpoints")[0][0])

    def stop(self) -> None:
        """Dropped at once, or the engine would go on eating CPU under the next rival's run."""
        self._client.execute("DROP TABLE store_rival.mover SYNC")
        self._client.execute("DROP TABLE store_rival.queue SYNC")
