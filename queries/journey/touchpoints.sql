-- One customer's touchpoints in order, each in its journey, with what makes it worth reading.
SELECT
    toUnixTimestamp64Milli(j.event_time) AS at,
    toString(j.channel), toString(j.event), toString(j.stage), toString(j.status), j.journey_id, toString(j.handoff_from),
    j.seconds_since_previous, j.value, toString(j.currency), j.session_id,
    t.order_id, length(t.product_ids), t.query, t.path, t.location, toString(t.metric), t.score,
    if(empty(t.comment) AND j.sentiment_source = 'measured', t.words, t.comment), toString(t.campaign),
    toString(j.previous_stage), j.seconds_in_previous_stage, j.sentiment, toString(j.sentiment_source), j.linked_journey_id,
    startsWith(toString(t.source), 'generated-')
FROM ${views}.journey_touchpoints AS j
LEFT ANY JOIN (
    SELECT node, original_timestamp, event_id, order_id, product_ids, query, path, location, metric, score, comment, campaign, source,
        arrayFirst(w -> notEmpty(w), arrayMap(name -> JSONExtractString(properties, name), ['text', 'message_body', 'body', 'review_body'])) AS words
    FROM ${views}.touchpoints
    WHERE node IN %(nodes)s
) AS t ON j.node = t.node AND j.original_timestamp = t.original_timestamp AND j.event_id = t.event_id
WHERE j.customer_id = %(customer)s AND j.node IN %(nodes)s
ORDER BY at, j.event_id
SETTINGS join_use_nulls = 0, optimize_move_to_prewhere_if_final = 1
