-- One customer's friction that stands, in order.
SELECT toString(signal), toUnixTimestamp64Milli(event_time), toUnixTimestamp64Milli(at),
    toString(channel), location, detail
FROM ${views}.friction
WHERE customer_id = %(customer)s AND node IN %(nodes)s
ORDER BY event_time, signal
