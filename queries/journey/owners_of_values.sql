-- The customers to whom an identifier of any type belongs now.
SELECT DISTINCT toString(type), value, customer_id
FROM ${views}.identities
WHERE value IN %(values)s AND (type = %(type)s OR %(type)s = '')
ORDER BY type, value
LIMIT 20
