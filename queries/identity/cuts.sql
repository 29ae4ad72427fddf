-- Cuts that hold between identifiers of a customer and others.
SELECT
    evidence[1], concat(a_type, ':', a_value), concat(b_type, ':', b_value), a, b, detail, toUnixTimestamp64Milli(decided_at)
FROM ${views}.identity_history_of(id = %(id)s)
WHERE kind = 'cut' AND reason = 'cannot_link'
    AND evidence[1] NOT IN (SELECT evidence[1] FROM ${views}.identity_history_of(id = %(id)s) WHERE kind = 'uncut')
ORDER BY seq
