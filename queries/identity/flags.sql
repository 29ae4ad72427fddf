-- Which identifiers of a customer stand outside the graph now: share or quarantine.
SELECT a, argMax(toString(kind), seq) AS flag
FROM ${views}.identity_history_of(id = %(id)s)
WHERE a = b AND customer_id = %(id)s AND kind IN ('quarantine', 'unquarantine', 'share', 'unshare')
GROUP BY a
HAVING flag IN ('quarantine', 'share')
ORDER BY a
