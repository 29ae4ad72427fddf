-- Offsets that are recorded as stored but whose fact is not in the table facts.
SELECT toString(topic), partition, offset, fact_hash
FROM ${store}.offsets
WHERE outcome = 'stored' AND fact_hash NOT IN (SELECT ${fact_hash} FROM ${store}.facts)
ORDER BY topic, partition, offset
LIMIT %(limit)s
