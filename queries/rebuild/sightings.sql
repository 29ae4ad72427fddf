-- What identifiers stood on one touchpoint, by who said so and how surely: the first time, and the event.
SELECT
    toJSONString(identifiers) AS who,
    toString(source) AS said_by,
    assurance AS sure,
    toUnixTimestamp64Milli(min(event_time)) AS first_seen,
    reinterpretAsFixedString(argMin(event_id, (event_time, event_id)))
FROM ${store}.touchpoints
WHERE length(identifiers) > 1 AND cityHash64(node) %% %(portions)s = %(portion)s
GROUP BY who, said_by, sure
