-- What the journeys agent need not read again of a long history.

ALTER TABLE ${store}.stitched ${on_cluster}
    ADD COLUMN IF NOT EXISTS fact_version UInt64 COMMENT 'Version of the fact that was folded' AFTER row_hash;

CREATE TABLE IF NOT EXISTS ${store}.checkpoints ${on_cluster}
(
    customer_id UUID,
    rung UInt8 COMMENT 'The higher, the longer ago: each stands for about twice as many facts as the one below',
    version UInt128 COMMENT 'rules << 96 | seq << 48 | facts << 16, as of the fold that made it',
    rules UInt32,
    layout UInt64 COMMENT 'Which builds can read the state',
    cut DateTime64(3, 'UTC') COMMENT 'Facts with an earlier event_time are in the state',
    folded UInt64 COMMENT 'How many of these were folded',
    hashes UInt64 COMMENT 'Sum of row_hash of the final rows that are folded or duplicates',
    members Array(UUID) COMMENT 'The nodes whose facts it knew',
    state String COMMENT 'The fold at the cut, msgpack' CODEC(ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (customer_id, rung)
SETTINGS index_granularity = 256, ${window}
COMMENT 'A long customer at a time; believed only where the facts and rows before the cut agree with it';
