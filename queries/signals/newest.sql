-- The friction that became true last, of all customers.
SELECT signal_id, toString(signal), customer_id, toString(channel), location, toUnixTimestamp64Milli(at), detail
FROM ${views}.friction
ORDER BY at DESC, signal_id
LIMIT %(limit)s
