-- What is measured now, as counts that add up.
WITH customers AS (
    SELECT
        customer_id,
        count() AS touchpoints,
        countIf(session_touchpoints > 0) AS sessions,
        countIf(event = 'Order Completed') AS orders
    FROM ${store}.stitched FINAL
    WHERE status != 'duplicate'
    GROUP BY customer_id
)
SELECT name, toUInt64(number) FROM (
    SELECT arrayJoin([
        ('customers', count()), ('touchpoints', sum(touchpoints)), ('sessions', sum(sessions)), ('orders', sum(orders)),
        ('buyers', countIf(orders > 0)), ('repeat_buyers', countIf(orders > 1))
    ]) AS pair, pair.1 AS name, pair.2 AS number
    FROM customers
    UNION ALL
    SELECT ('', 0), concat('journeys ', journey_type, ' ', journey_outcome) AS name, count()
    FROM ${store}.stitched FINAL
    WHERE status != 'duplicate' AND journey_outcome != ''
    GROUP BY name
    UNION ALL
    SELECT ('', 0), concat('friction ', arrayJoin(signals)) AS name, count()
    FROM ${store}.stitched FINAL
    WHERE status != 'duplicate' AND notEmpty(signals)
    GROUP BY name
    UNION ALL
    SELECT arrayJoin([
        ('nps answers', countIf(metric = 'nps')), ('nps promoters', countIf(metric = 'nps' AND score >= 9)),
        ('nps detractors', countIf(metric = 'nps' AND score <= 6)),
        ('csat answers', countIf(metric = 'csat')), ('csat satisfied', countIf(metric = 'csat' AND score >= 4))
    ]) AS pair, pair.1, pair.2
    FROM ${store}.facts FINAL
    WHERE metric IN ('nps', 'csat') AND (node, original_timestamp, event_id) NOT IN (
        SELECT node, original_timestamp, event_id FROM ${store}.stitched FINAL WHERE status = 'duplicate'
    )
)
WHERE number > 0
ORDER BY name
