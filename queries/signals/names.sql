-- The strongest identifier of each of some customers: a customer's id is its node.
SELECT node, toString(type), value
FROM ${views}.identities
WHERE node IN %(customers)s
