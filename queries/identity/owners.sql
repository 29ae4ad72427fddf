-- The customer to whom each of some identifiers belongs now.
SELECT node, customer_id FROM ${views}.identities WHERE node IN %(nodes)s
