-- Identifiers that were claimed with any of some others.
SELECT DISTINCT reinterpretAsFixedString(b)
FROM ${store}.claims
WHERE kind = 'link' AND a IN (SELECT reinterpretAsUUID(unhex(arrayJoin(%(nodes)s))))
LIMIT %(limit)s
