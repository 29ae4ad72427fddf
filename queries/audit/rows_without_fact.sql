-- Stitched rows whose fact is not in the table facts: there must never be one.
SELECT DISTINCT
    reinterpretAsFixedString(node),
    toUnixTimestamp64Milli(original_timestamp),
    reinterpretAsFixedString(event_id)
FROM ${store}.stitched
WHERE ${fact_hash} NOT IN (SELECT ${fact_hash} FROM ${store}.facts)
LIMIT %(limit)s
