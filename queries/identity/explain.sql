-- Why two identifiers are one customer, or which refused pairs keep them apart.
SELECT
    toString(verdict),
    if(a_type = '', toString(a), concat(a_type, ':', a_value)),
    if(b_type = '', toString(b), concat(b_type, ':', b_value)),
    toString(reason), detail, level, toUnixTimestamp64Milli(first_seen), evidence
FROM ${views}.identity_explain(a = %(a)s, b = %(b)s)
ORDER BY step
