-- What some claims led to, and when it was decided.
SELECT
    toString(kind), reinterpretAsFixedString(a), reinterpretAsFixedString(b), toString(reason), detail,
    toUnixTimestamp64Milli(decided_at)
FROM ${store}.decisions
WHERE seq IN %(seqs)s
ORDER BY seq, a, b, kind
