-- How many pairs of some identifiers with others are refused now, by rule.
SELECT toString(reason), count() FROM (
    SELECT least(a, b) AS one, greatest(a, b) AS other, argMax(kind, seq) AS verdict, argMax(reason, seq) AS reason
    FROM ${views}.identity_history
    WHERE (a IN %(nodes)s OR b IN %(nodes)s) AND a != b AND kind IN ('attach', 'merge', 'refuse')
    GROUP BY one, other
)
WHERE verdict = 'refuse'
GROUP BY reason
ORDER BY reason
