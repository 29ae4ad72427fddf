-- Ranges of offsets of one partition, from a first to before an end, of which nothing is recorded.
SELECT previous + 1 AS first_missing, offset AS end_of_range
FROM (
    SELECT offset, lagInFrame(offset, 1, toInt64(%(first)s) - 1) OVER (ORDER BY offset ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS previous
    FROM (
        SELECT DISTINCT toInt64(offset) AS offset
        FROM ${store}.offsets
        WHERE topic = %(topic)s AND partition = %(partition)s AND offset >= %(first)s AND offset < %(end)s
        UNION ALL
        SELECT toInt64(%(end)s)
    )
)
WHERE offset > previous + 1
ORDER BY first_missing
