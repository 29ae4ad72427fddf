-- Touchpoints of shared devices that name nobody: those of some devices, and those that a customer probably did.
SELECT
    node, toString(type), value, customer_id, count(),
    toUnixTimestamp64Milli(min(event_time)), toUnixTimestamp64Milli(max(event_time))
FROM ${views}.probable_owners
WHERE node IN %(nodes)s OR customer_id = %(customer)s
GROUP BY node, type, value, customer_id
ORDER BY type, value, count() DESC, customer_id
LIMIT 100
