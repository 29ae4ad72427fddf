-- Dead letters counted by topic, reason and field, with the newest message of each.
SELECT topic, reason, field, count() AS letters, toUnixTimestamp64Milli(max(record_time)) AS newest, argMax(message, record_time) AS example
FROM ${store}.dead_letters FINAL
GROUP BY topic, reason, field
ORDER BY letters DESC, topic, reason, field
