-- Customers with an open deadline and no hint in the table deadlines that would wake them in time.
SELECT
    reinterpretAsFixedString(customer_id),
    reinterpretAsFixedString(argMin(node, due)) AS node,
    toUnixTimestamp64Milli(min(due)) AS first_due
FROM (
    SELECT customer_id, node, original_timestamp, event_id, due
    FROM ${store}.stitched FINAL
    WHERE due > toDateTime64(0, 3, 'UTC')
) AS s
LEFT ANY JOIN (
    SELECT node, original_timestamp, event_id, min(d.due) AS hint, 1 AS hinted
    FROM ${store}.deadlines AS d
    GROUP BY node, original_timestamp, event_id
) AS d USING (node, original_timestamp, event_id)
GROUP BY customer_id
HAVING countIf(hinted = 1) = 0 OR minIf(hint, hinted = 1) > min(due)
ORDER BY first_due
LIMIT %(limit)s
SETTINGS join_use_nulls = 0
