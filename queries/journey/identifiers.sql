-- All identifiers of one customer, with the times of their first and last touchpoint, and their nodes.
SELECT toString(type), value, toUnixTimestamp64Milli(first_seen), toUnixTimestamp64Milli(last_seen), node
FROM ${views}.identities
WHERE customer_id = %(customer)s
ORDER BY first_seen, type, value
