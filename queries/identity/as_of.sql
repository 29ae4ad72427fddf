-- The identifiers of the customer to whom an identifier belonged at a time.
SELECT toString(w.type), w.value, w.customer_id, n.customer_id, toUnixTimestamp64Milli(w.since)
FROM ${views}.identity_as_of(at = %(at)s) AS w
INNER JOIN ${views}.identities AS n ON w.node = n.node
WHERE w.customer_id IN (SELECT customer_id FROM ${views}.identity_as_of(at = %(at)s) WHERE node = %(node)s)
ORDER BY w.type, w.value
