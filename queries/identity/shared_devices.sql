-- Touchpoints of shared devices that name nobody and that a customer probably did.
SELECT concat(type, ':', value), toString(found), count() AS touchpoints
FROM ${views}.probable_owners
WHERE customer_id = %(customer)s
GROUP BY type, value, found
ORDER BY touchpoints DESC, type, value, found
LIMIT 100
