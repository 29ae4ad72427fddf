-- What became of every offset that Kafka still holds, per public topic, partition and hour of its record.
SELECT
    toString(topic) AS topic,
    partition,
    toUnixTimestamp64Milli(toDateTime64(toStartOfHour(record_time), 3, 'UTC')) AS hour,
    min(offset) AS first_offset,
    max(offset) AS last_offset,
    count() AS offsets,
    countIf(offset < committed) AS below_committed,
    countIf(outcome = 'stored' AND NOT again) AS stored,
    countIf(outcome = 'stored' AND again) AS duplicate,
    countIf(outcome = 'dead') AS dead,
    countIf(outcome = 'gap') AS gap
FROM (
    SELECT o.topic AS topic, o.partition AS partition, o.offset AS offset, o.record_time AS record_time, o.outcome AS outcome,
        transform(concat(toString(o.topic), '/', toString(o.partition)), %(names)s, %(committed)s, toUInt64(0)) AS committed,
        r.repeated = o.fact_hash AND r.first != (o.record_time, toString(o.topic), o.partition, o.offset) AS again
    FROM ${store}.offsets AS o FINAL
    LEFT ANY JOIN (
        SELECT fact_hash AS repeated, min((record_time, toString(topic), partition, offset)) AS first
        FROM ${store}.offsets FINAL
        WHERE outcome = 'stored'
        GROUP BY fact_hash
        HAVING count() > 1
    ) AS r ON o.fact_hash = r.repeated
    WHERE o.offset >= transform(concat(toString(o.topic), '/', toString(o.partition)), %(names)s, %(firsts)s, toUInt64(-1))
)
GROUP BY topic, partition, hour
ORDER BY topic, partition, hour
SETTINGS max_bytes_before_external_group_by = 2000000000, join_use_nulls = 0
