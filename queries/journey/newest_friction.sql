-- The friction that became true last, of all customers.
SELECT toString(signal), customer_id, toString(channel), location, toUnixTimestamp64Milli(at), detail
FROM ${views}.friction
ORDER BY at DESC
LIMIT %(limit)s
