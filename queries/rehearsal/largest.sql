-- The customers with the most identifiers now.
SELECT reinterpretAsFixedString(customer_id), length(members)
FROM ${store}.customers FINAL
WHERE length(members) > 1
ORDER BY length(members) DESC, reinterpretAsFixedString(customer_id)
LIMIT %(most)s
