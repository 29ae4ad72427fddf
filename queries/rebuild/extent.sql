-- How much there is to rebuild: touchpoints that name several identifiers, identifiers with facts, and facts.
SELECT
    (SELECT countIf(length(identifiers) > 1) FROM ${store}.touchpoints),
    (SELECT uniq(node) FROM ${store}.facts),
    (SELECT count() FROM ${store}.facts)
