-- Events that stand more than once in one customer's journey without the status duplicate.
SELECT
    reinterpretAsFixedString(customer_id),
    toUnixTimestamp64Milli(original_timestamp),
    reinterpretAsFixedString(event_id),
    count() AS times
FROM ${store}.stitched FINAL
WHERE status != 'duplicate'
GROUP BY customer_id, original_timestamp, event_id
HAVING times > 1
LIMIT %(limit)s
SETTINGS max_bytes_before_external_group_by = 2000000000
