-- Who probably was behind the touchpoints of some shared devices that name nobody.
SELECT p.customer_id, concat(i.type, ':', i.value), toString(p.found), count() AS touchpoints
FROM ${views}.probable_owners AS p
LEFT ANY JOIN ${views}.identities AS i ON assumeNotNull(p.customer_id) = i.node
WHERE p.node IN %(nodes)s
GROUP BY p.customer_id, i.type, i.value, p.found
ORDER BY touchpoints DESC, p.customer_id
LIMIT 100
