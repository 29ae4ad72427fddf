-- How often a rule has refused pairs of a customer's identifiers with others.
SELECT count() FROM ${views}.identity_history_of(id = %(id)s) WHERE kind = 'refuse' AND reason = %(reason)s
