-- What the journeys agent writes, behind the fence: an insert by a former owner of an inbox partition fails with code 469.

CREATE TABLE IF NOT EXISTS ${store}.owners ${on_cluster}
(
    partition UInt16,
    epoch UInt64,
    owner UUID COMMENT 'Token of one registration, so that nobody takes the epoch of another for his own'
)
ENGINE = Join(ANY, LEFT, partition)
SETTINGS join_any_take_last_row = 1
COMMENT 'The present owner of each inbox partition; of this server only';

CREATE TABLE IF NOT EXISTS ${store}.stitched ${on_cluster}
(
    node UUID,
    original_timestamp DateTime64(3, 'UTC') CODEC(Delta(8), LZ4),
    event_id UUID,
    version UInt128 COMMENT 'rules << 96 | seq << 48 | facts << 16 | revision',
    customer_id UUID,
    event_time DateTime64(3, 'UTC') CODEC(Delta(8), LZ4),
    received_at DateTime64(3, 'UTC') CODEC(Delta(8), LZ4),
    channel LowCardinality(String),
    event LowCardinality(String),
    value Decimal(18, 4),
    currency LowCardinality(String),
    status LowCardinality(String) COMMENT 'folded, late, duplicate',
    session_id UUID,
    journey_id UUID,
    journey_type LowCardinality(String),
    stage LowCardinality(String),
    previous_channel LowCardinality(String) COMMENT 'Set when the touchpoint is a hand-off',
    previous_gap Int64 COMMENT 'ms since the previous touchpoint',
    session_start DateTime64(3, 'UTC') COMMENT 'Summary of the session, only in the row that begins it',
    session_end DateTime64(3, 'UTC'),
    session_touchpoints UInt32,
    journey_outcome LowCardinality(String) COMMENT 'Summary of the journey, only in the row that begins it',
    journey_start DateTime64(3, 'UTC'),
    journey_end DateTime64(3, 'UTC'),
    journey_touchpoints UInt32,
    journey_handoffs UInt32,
    journey_sessions UInt32,
    journey_reopened UInt32,
    journey_value Decimal(18, 4),
    journey_channels Array(LowCardinality(String)),
    signals Array(LowCardinality(String)),
    due DateTime64(3, 'UTC') COMMENT 'The next open deadline, 1970 if none',
    row_hash UInt64,
    inbox_partition UInt16,
    epoch UInt64,
    INDEX by_customer customer_id TYPE bloom_filter(0.01) GRANULARITY 1,
    CONSTRAINT fenced CHECK epoch >= joinGet('${store}.owners', 'epoch', inbox_partition)
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (node, original_timestamp, event_id)
SETTINGS index_granularity = 512, min_compress_block_size = 8192, max_compress_block_size = 32768, ${window}
COMMENT 'One row per fact: session, journey, stage and signals as the newest fold says';

CREATE TABLE IF NOT EXISTS ${store}.friction ${on_cluster}
(
    node UUID,
    original_timestamp DateTime64(3, 'UTC') CODEC(Delta(8), LZ4),
    event_id UUID,
    signal LowCardinality(String),
    version UInt128 COMMENT 'rules << 96 | seq << 48 | changes of mind',
    live UInt8 COMMENT '0: withdrawn, a later event disproved it',
    signal_id UUID,
    customer_id UUID COMMENT 'At the time of the signal',
    channel LowCardinality(String),
    location String,
    at DateTime64(3, 'UTC') CODEC(Delta(8), LZ4),
    event_time DateTime64(3, 'UTC') CODEC(Delta(8), LZ4),
    detail String,
    inbox_partition UInt16,
    epoch UInt64,
    CONSTRAINT fenced CHECK epoch >= joinGet('${store}.owners', 'epoch', inbox_partition)
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (node, original_timestamp, event_id, signal)
SETTINGS index_granularity = 512, min_compress_block_size = 8192, max_compress_block_size = 32768, ${window}
COMMENT 'Friction signals, live and withdrawn; the outbox of alerts';

CREATE TABLE IF NOT EXISTS ${store}.deadlines ${on_cluster}
(
    inbox_partition UInt16,
    due DateTime64(3, 'UTC'),
    node UUID,
    original_timestamp DateTime64(3, 'UTC'),
    event_id UUID,
    written_at DateTime DEFAULT now()
)
ENGINE = ${replicated}ReplacingMergeTree
ORDER BY (inbox_partition, due, node, original_timestamp, event_id)
TTL greatest(toDateTime(due), written_at) + INTERVAL 30 DAY
SETTINGS index_granularity = 2048, ${window}
COMMENT 'When to fold a customer again; hints, a stale one changes nothing';
