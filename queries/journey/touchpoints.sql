-- One customer's touchpoints in order, each in its journey, with what makes it worth reading.
SELECT
    toUnixTimestamp64Milli(j.event_time) AS at,
    toString(j.channel), toString(j.event), toString(j.stage), toString(j.status), j.journey_id, toString(j.handoff_from),
    j.seconds_since_previous, j.value, toString(j.currency), j.session_id,
    t.order_id, length(t.product_ids), t.query, t.path, t.location, toString(t.metric), t.score, t.comment, toString(t.campaign),
    startsWith(toString(t.source), 'generated-')
FROM ${views}.journey_touchpoints AS j
LEFT ANY JOIN (
    SELECT node, original_timestamp, event_id, order_id, product_ids, query, path, location, metric, score, comment, campaign, source
    FROM ${views}.touchpoints
    WHERE node IN %(nodes)s
) AS t ON j.node = t.node AND j.original_timestamp = t.original_timestamp AND j.event_id = t.event_id
WHERE j.customer_id = %(customer)s AND j.node IN %(nodes)s
ORDER BY at, j.event_id
SETTINGS join_use_nulls = 0, optimize_move_to_prewhere_if_final = 1
