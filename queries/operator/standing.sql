-- What stands under each customer of some identifiers: touchpoints, sessions, journeys, friction.
SELECT
    reinterpretAsFixedString(node), reinterpretAsFixedString(customer_id),
    countIf(status != 'duplicate'),
    countIf(status != 'duplicate' AND session_touchpoints > 0),
    countIf(status != 'duplicate' AND journey_outcome != ''),
    toUInt64(sumIf(length(signals), status != 'duplicate'))
FROM ${store}.stitched FINAL
WHERE node IN (SELECT reinterpretAsUUID(unhex(arrayJoin(%(nodes)s))))
GROUP BY node, customer_id
ORDER BY node, customer_id
