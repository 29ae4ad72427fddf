-- The customers whose touchpoints carry an order, ticket, call or chat.
SELECT DISTINCT %(type)s, %(value)s, customer_id
FROM ${views}.touchpoints
WHERE identifiers[%(type)s] = %(value)s OR (%(type)s = 'order_id' AND order_id = %(value)s)
LIMIT 20
SETTINGS optimize_move_to_prewhere_if_final = 1
