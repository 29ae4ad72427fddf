-- Events that came under identifiers of different customers: counted for each of them.
SELECT
    toUnixTimestamp64Milli(original_timestamp),
    reinterpretAsFixedString(event_id),
    arrayMap(c -> reinterpretAsFixedString(c), groupUniqArray(customer_id)) AS customers
FROM ${store}.stitched FINAL
GROUP BY original_timestamp, event_id
HAVING length(customers) > 1
LIMIT %(limit)s
SETTINGS max_bytes_before_external_group_by = 2000000000
