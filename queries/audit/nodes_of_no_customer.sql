-- Identifiers whose customer, by the identity map, does not count them among its members.
SELECT reinterpretAsFixedString(m.node), reinterpretAsFixedString(m.customer)
FROM ${store}.identity_map AS m FINAL
WHERE (m.node, m.customer) NOT IN (
    SELECT arrayJoin(members) AS node, customer_id FROM ${store}.customers FINAL
)
LIMIT %(limit)s
