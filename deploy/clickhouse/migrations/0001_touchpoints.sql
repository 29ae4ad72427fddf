-- What the intake stores: facts that never move, the account of every offset, dead letters, names of identifiers.

CREATE TABLE IF NOT EXISTS ${store}.touchpoints ${on_cluster}
(
    node UUID COMMENT 'Keyed hash of the strongest identifier of the event itself',
    original_timestamp DateTime64(3, 'UTC') COMMENT 'As the client said it' CODEC(Delta(8), ZSTD(1)),
    event_id UUID,
    event_time DateTime64(3, 'UTC') COMMENT 'Corrected by the clock of the client' CODEC(Delta(8), ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    version UInt64 COMMENT 'The first received wins, content breaks a tie' CODEC(Delta(8), ZSTD(1)),
    channel LowCardinality(String),
    event LowCardinality(String),
    source LowCardinality(String),
    topic LowCardinality(String) COMMENT 'Origin: topic, partition and offset of the record',
    partition UInt16,
    offset UInt64 CODEC(Delta(8), ZSTD(1)),
    identifiers Map(LowCardinality(String), String) COMMENT 'As sent' CODEC(ZSTD(1)),
    properties String COMMENT 'JSON' CODEC(ZSTD(1)),
    context String COMMENT 'JSON' CODEC(ZSTD(1)),
    order_id String COMMENT 'properties.order_id, else identifiers.order_id' CODEC(ZSTD(1)),
    revenue Decimal(18, 4) COMMENT 'properties.revenue',
    total Decimal(18, 4) COMMENT 'properties.total',
    currency LowCardinality(String) COMMENT 'properties.currency',
    coupon LowCardinality(String) COMMENT 'properties.coupon, else coupon_id',
    product_ids Array(String) COMMENT 'properties.products[].product_id' CODEC(ZSTD(1)),
    product_quantities Array(Float64) COMMENT 'properties.products[].quantity' CODEC(ZSTD(1)),
    product_prices Array(Decimal(18, 4)) COMMENT 'properties.products[].price, of one piece' CODEC(ZSTD(1)),
    path String COMMENT 'properties.path, else context.page.path' CODEC(ZSTD(1)),
    query String COMMENT 'properties.query: what was searched for' CODEC(ZSTD(1)),
    metric LowCardinality(String) COMMENT 'properties.metric: nps, csat, ces',
    score Nullable(Float64) COMMENT 'properties.score' CODEC(ZSTD(1)),
    campaign LowCardinality(String) COMMENT 'properties.campaign_name, campaign_id, campaign, else context.campaign.name'
)
ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(original_timestamp)
ORDER BY (toDate(original_timestamp), node, original_timestamp, event_id)
SETTINGS ${window}
COMMENT 'Every touchpoint with all it carried; one row per (node, original_timestamp, event_id) after merging';

CREATE TABLE IF NOT EXISTS ${store}.facts ${on_cluster}
(
    node UUID,
    original_timestamp DateTime64(3, 'UTC') CODEC(Delta(8), LZ4),
    event_id UUID,
    event_time DateTime64(3, 'UTC') CODEC(Delta(8), LZ4),
    received_at DateTime64(3, 'UTC') CODEC(Delta(8), LZ4),
    version UInt64 CODEC(Delta(8), LZ4),
    channel LowCardinality(String),
    event LowCardinality(String),
    thread String COMMENT 'type:value of the order, ticket, call or chat',
    value Decimal(18, 4),
    currency LowCardinality(String),
    metric LowCardinality(String),
    score Float64,
    location String
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (node, original_timestamp, event_id)
SETTINGS index_granularity = 512, min_compress_block_size = 8192, max_compress_block_size = 32768, ${window}
COMMENT 'What a fold reads of a touchpoint; facts never move';

CREATE TABLE IF NOT EXISTS ${store}.offsets ${on_cluster}
(
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64 CODEC(Delta(8), ZSTD(1)),
    record_time DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    outcome LowCardinality(String) COMMENT 'stored, dead, or gap: an offset that the log does not hold',
    fact_hash UInt64 COMMENT '64 bits of the fact key, 0 unless stored'
)
ENGINE = ${replicated}ReplacingMergeTree
ORDER BY (topic, partition, offset)
SETTINGS ${window}
COMMENT 'What became of every offset of the public topics; written after the facts are durable; the base of the audit';

CREATE TABLE IF NOT EXISTS ${store}.dead_letters ${on_cluster}
(
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    record_time DateTime64(3, 'UTC'),
    reason LowCardinality(String),
    field String COMMENT 'Dotted path into the event, empty for the record as a whole',
    message String,
    raw String COMMENT 'The original bytes' CODEC(ZSTD(1)),
    record_key String
)
ENGINE = ${replicated}ReplacingMergeTree
ORDER BY (topic, partition, offset)
SETTINGS ${window}
COMMENT 'Records that are no touchpoint, with their original bytes';

CREATE TABLE IF NOT EXISTS ${store}.identifiers ${on_cluster}
(
    node UUID,
    type SimpleAggregateFunction(any, LowCardinality(String)),
    value SimpleAggregateFunction(any, String) COMMENT 'Normalised' CODEC(ZSTD(1)),
    first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = ${replicated}AggregatingMergeTree
ORDER BY node
SETTINGS index_granularity = 2048, ${window}
COMMENT 'The identifier behind each node';
