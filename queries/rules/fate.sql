-- What became of a claim that brought rules.
SELECT toString(reason), detail FROM ${store}.decisions WHERE seq = %(seq)s AND kind = 'rules' LIMIT 1
