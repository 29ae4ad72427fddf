-- The newest dead letters with their original bytes; an empty topic or reason means any.
SELECT topic, partition, offset, toUnixTimestamp64Milli(record_time), reason, field, message, record_key, raw
FROM ${store}.dead_letters FINAL
WHERE (%(topic)s = '' OR topic = %(topic)s) AND (%(reason)s = '' OR reason = %(reason)s)
ORDER BY record_time DESC, topic, partition, offset DESC
LIMIT %(limit)s
