-- Which rules held from which claim on.

CREATE TABLE IF NOT EXISTS ${store}.rules ${on_cluster}
(
    seq UInt64 COMMENT 'Of the claim in identity.claims that brought them',
    version UInt32 COMMENT 'Of the file; only a higher one than before is applied',
    text String COMMENT 'The file, TOML' CODEC(ZSTD(3)),
    applied_at DateTime64(3, 'UTC')
)
ENGINE = ${replicated}ReplacingMergeTree
ORDER BY seq
SETTINGS ${window}
COMMENT 'Every version of the rules that was applied';
