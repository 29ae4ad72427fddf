-- The identifiers of the customer to whom an identifier belonged at a time, and whose they are now.
SELECT toString(w.type), w.value, w.customer_id, n.customer_id, toUnixTimestamp64Milli(w.since)
FROM ${views}.identity_members_as_of(id = %(id)s, at = %(at)s) AS w
INNER JOIN (
    SELECT node, customer_id FROM ${views}.identities
    WHERE node IN (SELECT node FROM ${views}.identity_members_as_of(id = %(id)s, at = %(at)s))
) AS n ON w.node = n.node
ORDER BY w.type, w.value
