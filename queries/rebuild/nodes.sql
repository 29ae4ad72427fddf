-- Identifiers with facts, with how many, those of one customer next to each other.
SELECT reinterpretAsFixedString(node), reinterpretAsFixedString(if(mapped = node, customer, node)) AS owner, facts
FROM (SELECT node, count() AS facts FROM ${store}.facts GROUP BY node) AS f
LEFT ANY JOIN (SELECT node AS mapped, customer FROM ${store}.identity_map FINAL) AS m ON f.node = m.mapped
WHERE cityHash64(owner) %% %(portions)s = %(portion)s
ORDER BY owner
SETTINGS join_use_nulls = 0
