-- The identifiers of the customer to whom an identifier belonged at a time.
SELECT toString(type), value, node, customer_id, toUnixTimestamp64Milli(since)
FROM ${views}.identity_as_of(at = %(at)s)
WHERE customer_id IN (SELECT customer_id FROM ${views}.identity_as_of(at = %(at)s) WHERE node = %(node)s)
ORDER BY type, value
