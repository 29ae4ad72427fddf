-- How many touchpoints a customer has.
SELECT count() FROM ${views}.journey_touchpoints WHERE customer_id = %(customer)s AND node IN %(nodes)s
