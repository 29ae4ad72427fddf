-- Some customers who have touchpoints, chosen by a hash of their ids, and how many there are.
SELECT reinterpretAsFixedString(customer_id), count() OVER () AS all
FROM (SELECT DISTINCT customer_id FROM ${store}.stitched FINAL WHERE status != 'duplicate')
ORDER BY cityHash64(customer_id), customer_id
LIMIT %(most)s
