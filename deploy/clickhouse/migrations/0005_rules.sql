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

CREATE OR REPLACE VIEW ${views}.rules ${on_cluster}
(
    version UInt32 COMMENT 'Of the rules file; 1 is what ships',
    applied_at DateTime64(3, 'UTC') COMMENT 'When it took effect on identity; 1970 for what ships',
    touchpoints UInt64 COMMENT 'Rows of stitched touchpoints that were folded last by this version',
    seq UInt64 COMMENT 'Of the claim that brought it, 0 for what ships',
    text String COMMENT 'The file, TOML'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT version, max(since) AS applied_at, sum(folded) AS touchpoints, max(number) AS seq, max(file) AS text
FROM
(
    SELECT version, applied_at AS since, 0 AS folded, seq AS number, text AS file FROM ${store}.rules FINAL
    UNION ALL
    SELECT toUInt32(bitShiftRight(version, 96)) AS rules, toDateTime64(0, 3, 'UTC'), count(), 0, ''
    FROM ${store}.stitched FINAL GROUP BY rules
)
GROUP BY version
COMMENT 'Versions of the rules, and how many touchpoints were folded by each';
