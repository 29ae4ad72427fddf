-- Which of some identifiers stand outside the graph now: share or quarantine.
SELECT a, argMax(toString(kind), seq) AS flag
FROM ${views}.identity_history
WHERE a IN %(nodes)s AND b = a AND kind IN ('quarantine', 'unquarantine', 'share', 'unshare')
GROUP BY a
HAVING flag IN ('quarantine', 'share')
ORDER BY a
