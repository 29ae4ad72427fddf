-- Stitched rows whose customer is not the one to whom their identifier belongs now.
SELECT
    reinterpretAsFixedString(s.node),
    toUnixTimestamp64Milli(s.original_timestamp),
    reinterpretAsFixedString(s.event_id),
    reinterpretAsFixedString(s.customer_id),
    reinterpretAsFixedString(if(m.mapped = s.node, m.customer, s.node)) AS owner
FROM ${store}.stitched AS s FINAL
LEFT ANY JOIN (SELECT node AS mapped, customer FROM ${store}.identity_map FINAL) AS m ON s.node = m.mapped
WHERE s.customer_id != if(m.mapped = s.node, m.customer, s.node)
LIMIT %(limit)s
SETTINGS join_use_nulls = 0
