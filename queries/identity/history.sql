-- What was decided on some identifiers, in order, the last so many decisions.
SELECT * FROM (
    SELECT
        toUnixTimestamp64Milli(decided_at), seq, toString(kind), toString(reason), detail,
        a, toString(a_type), a_value, b, toString(b_type), b_value, rules, evidence
    FROM ${views}.identity_history
    WHERE a IN %(nodes)s OR b IN %(nodes)s
    ORDER BY seq DESC, a DESC, b DESC, kind DESC
    LIMIT %(limit)s
)
ORDER BY seq, a, b, kind
