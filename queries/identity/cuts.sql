-- Cuts that hold between some identifiers and others.
SELECT
    evidence[1], concat(a_type, ':', a_value), concat(b_type, ':', b_value), a, b, detail, toUnixTimestamp64Milli(decided_at)
FROM ${views}.identity_history
WHERE kind = 'cut' AND reason = 'cannot_link' AND (a IN %(nodes)s OR b IN %(nodes)s)
    AND evidence[1] NOT IN (SELECT evidence[1] FROM ${views}.identity_history WHERE kind = 'uncut')
ORDER BY seq
