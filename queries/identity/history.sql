-- The newest decisions on some identifiers of one customer, and how many there are.
SELECT
    toUnixTimestamp64Milli(decided_at), toString(kind), toString(reason), detail,
    if(a_type = '', toString(a), concat(a_type, ':', a_value)),
    multiIf(a = b, '', b_type = '', toString(b), concat(b_type, ':', b_value)),
    customer_id, b_customer_id, evidence, rules, seq, count() OVER ()
FROM ${views}.identity_history_of(id = %(id)s)
WHERE a IN %(nodes)s OR b IN %(nodes)s
ORDER BY seq DESC, kind IN ('attach', 'merge', 'refuse') DESC, kind, a, b
LIMIT %(limit)s
