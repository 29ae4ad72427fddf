-- Facts without a stitched row: not folded yet, or lost.
SELECT DISTINCT
    reinterpretAsFixedString(node),
    toUnixTimestamp64Milli(original_timestamp),
    reinterpretAsFixedString(event_id),
    toUnixTimestamp64Milli(received_at)
FROM ${store}.facts
WHERE ${fact_hash} NOT IN (SELECT ${fact_hash} FROM ${store}.stitched)
LIMIT %(limit)s
