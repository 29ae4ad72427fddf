-- The customers to whom nodes belong now, or whose ids these are or were.
SELECT DISTINCT toString(type), value, customer_id
FROM ${views}.identities
WHERE node IN %(nodes)s
ORDER BY type, value
LIMIT 20
