-- One customer's journeys in the order in which they began.
SELECT journey_id, toString(journey_type), toString(outcome), toUnixTimestamp64Milli(started_at), toUnixTimestamp64Milli(ended_at),
    touchpoints, sessions, handoffs, arrayMap(c -> toString(c), channels), reopened, value,
    toString(currency), toString(stage), arrayMap(e -> (toUnixTimestamp64Milli(e.at), e.sentiment), emotion), linked_journey_id
FROM ${views}.journeys
WHERE customer_id = %(customer)s
ORDER BY started_at, journey_id
