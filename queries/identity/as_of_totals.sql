-- How many identifiers and customers there were at a time, of those that any claim had named by then.
SELECT count(), uniqExact(customer_id) FROM ${views}.identity_as_of(at = %(at)s) WHERE since IS NOT NULL
