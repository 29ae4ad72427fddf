-- What the resolver writes: claims, decisions, who owns which identifier.

CREATE TABLE IF NOT EXISTS ${store}.claims ${on_cluster}
(
    a UUID,
    b UUID,
    kind LowCardinality(String) COMMENT 'link, cut, uncut',
    evidence UUID COMMENT 'event_id of a link; id of a cut and of its withdrawal',
    seq UInt64 COMMENT 'Offset in identity.claims + 1' CODEC(Delta(8), ZSTD(1)),
    a_type LowCardinality(String),
    b_type LowCardinality(String),
    a_home UInt32,
    b_home UInt32,
    first_seen DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    level UInt8 COMMENT 'Assurance, 0 to 4',
    source LowCardinality(String),
    reason String
)
ENGINE = ${replicated}ReplacingMergeTree
ORDER BY (a, b, kind, evidence, seq)
SETTINGS ${window}
COMMENT 'Every claim in both directions; never collapsed across seq';

CREATE TABLE IF NOT EXISTS ${store}.decisions ${on_cluster}
(
    seq UInt64,
    a UUID,
    b UUID,
    kind LowCardinality(String) COMMENT 'attach, merge, refuse, quarantine, cut, uncut, share',
    reason LowCardinality(String),
    detail String CODEC(ZSTD(1)),
    customer UUID,
    rules UInt32,
    decided_at DateTime64(3, 'UTC')
)
ENGINE = ${replicated}MergeTree
ORDER BY (seq, a, b, kind)
SETTINGS ${window}
COMMENT 'History of identity; a resolver that crashed may say the same twice';

CREATE TABLE IF NOT EXISTS ${store}.identity_map ${on_cluster}
(
    node UUID,
    customer UUID,
    seq UInt64
)
ENGINE = ${replicated}ReplacingMergeTree(seq)
ORDER BY node
SETTINGS index_granularity = 512, min_compress_block_size = 8192, max_compress_block_size = 32768, ${window}
COMMENT 'node -> customer, only for nodes that are or were in the customer of another';

CREATE TABLE IF NOT EXISTS ${store}.customers ${on_cluster}
(
    customer_id UUID,
    seq UInt64,
    home UInt32 COMMENT 'murmur2 of the key of its strongest identifier',
    members Array(UUID) COMMENT 'Nodes; none: merged into another customer',
    member_types Array(LowCardinality(String)),
    member_homes Array(UInt32),
    flags Array(LowCardinality(String)),
    newest_first_seen DateTime64(3, 'UTC') COMMENT 'The newest pair with an end here, accepted or refused',
    newest_a UUID,
    newest_b UUID,
    INDEX by_member members TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ${replicated}ReplacingMergeTree(seq)
ORDER BY customer_id
SETTINGS index_granularity = 512, min_compress_block_size = 8192, max_compress_block_size = 32768, ${window}
COMMENT 'Members of each customer in one row, so that a membership is atomic';
