-- Cuts or releases, withdrawn ones too: the one with an id, or all between two sets of identifiers.
SELECT
    reinterpretAsFixedString(evidence),
    min(seq) AS said,
    reinterpretAsFixedString(a), toString(any(a_type)), any(a_home),
    reinterpretAsFixedString(b), toString(any(b_type)), any(b_home),
    any(reason),
    evidence IN (SELECT evidence FROM ${store}.claims WHERE kind = concat('un', %(kind)s))
FROM ${store}.claims
WHERE kind = %(kind)s AND (evidence = %(id)s OR (a IN %(some)s AND b IN %(others)s))
GROUP BY evidence, a, b
ORDER BY said, evidence, a
LIMIT 1 BY evidence
