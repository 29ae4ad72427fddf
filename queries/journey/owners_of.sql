-- The customers to whom an identifier of any type belongs now, or whose id this is or was.
SELECT DISTINCT toString(type), value, customer_id
FROM ${views}.identities
WHERE (value IN %(values)s AND (type = %(type)s OR %(type)s = '')) OR node = toUUIDOrZero(%(text)s)
ORDER BY type, value
LIMIT 20
