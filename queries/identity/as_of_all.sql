-- Identifiers that belonged to another customer at a time than now, and how many there are.
SELECT toString(w.type), w.value, w.customer_id, n.customer_id, toUnixTimestamp64Milli(w.since), count() OVER ()
FROM ${views}.identity_as_of(at = %(at)s) AS w
INNER JOIN ${views}.identities AS n ON w.node = n.node
WHERE w.customer_id != n.customer_id
ORDER BY n.customer_id, w.type, w.value
LIMIT %(limit)s
