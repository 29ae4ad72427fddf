-- Which of some identifiers stand outside the graph, since when and why.
SELECT
    a, argMax(toString(kind), seq) AS flag, argMax(toUnixTimestamp64Milli(decided_at), seq), argMax(detail, seq)
FROM ${views}.identity_history
WHERE a IN %(nodes)s AND b = a AND kind IN ('quarantine', 'unquarantine', 'share', 'unshare')
GROUP BY a
HAVING flag IN ('quarantine', 'share')
ORDER BY a
