-- Journeys with their stages, emotion and links, for analysts.

CREATE OR REPLACE VIEW ${views}.journeys ${on_cluster}
(
    journey_id UUID COMMENT 'Id of the journey, the same however often it is computed',
    customer_id UUID COMMENT 'Who this customer is now; filter by it for speed',
    journey_type LowCardinality(String) COMMENT 'purchase, service, return, onboarding, renewal, or as the rules name it',
    outcome LowCardinality(String) COMMENT 'open, completed, abandoned, cancelled',
    started_at DateTime64(3, 'UTC') COMMENT 'Time of its first touchpoint',
    ended_at DateTime64(3, 'UTC') COMMENT 'Time of its last touchpoint so far',
    touchpoints UInt32 COMMENT 'How many it has',
    sessions UInt32 COMMENT 'In how many sessions',
    handoffs UInt32 COMMENT 'How often the customer changed the channel',
    channels Array(LowCardinality(String)) COMMENT 'The channels it went through',
    reopened UInt32 COMMENT 'How often a contact came back after it was completed',
    value Decimal(18, 4) COMMENT 'Money of its goals: orders, refunds; only amounts in the currency of the first',
    currency LowCardinality(String) COMMENT 'ISO 4217, of value',
    stage LowCardinality(String) COMMENT 'The stage it is in, or ended in',
    emotion Array(Tuple(at DateTime64(3, 'UTC'), sentiment Float64)) COMMENT 'Its curve, -1 to 1, in order: the last 50 touchpoints that say how the customer feels; where each comes from: journey_touchpoints.sentiment_source',
    emotion_change Nullable(Float64) COMMENT 'Last minus first of these, NULL if there are less than two',
    linked_journey_id Nullable(UUID) COMMENT 'The journey whose order, ticket, call or chat began this one, NULL if none',
    seconds Decimal(18, 3) COMMENT 'From the first to the last touchpoint',
    first_channel LowCardinality(String) COMMENT 'Where it began',
    first_event LowCardinality(String) COMMENT 'The event that began it',
    revision UInt16 COMMENT 'How often its first row changed its mind at what was known'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    journey_id,
    customer_id,
    journey_type,
    journey_outcome AS outcome,
    journey_start AS started_at,
    journey_end AS ended_at,
    journey_touchpoints AS touchpoints,
    journey_sessions AS sessions,
    journey_handoffs AS handoffs,
    journey_channels AS channels,
    journey_reopened AS reopened,
    journey_value AS value,
    journey_currency AS currency,
    journey_stage AS stage,
    arrayZip(journey_emotion_times, journey_emotions) AS emotion,
    if(length(journey_emotions) < 2, NULL, journey_emotions[-1] - journey_emotions[1]) AS emotion_change,
    nullIf(s.linked_journey_id, toUUID('00000000-0000-0000-0000-000000000000')) AS linked_journey_id,
    toDecimal64(dateDiff('millisecond', journey_start, journey_end), 3) / 1000 AS seconds,
    channel AS first_channel,
    event AS first_event,
    toUInt16(bitAnd(version, toUInt128(65535))) AS revision
FROM ${store}.stitched AS s FINAL
WHERE journey_outcome != '' AND status != 'duplicate'
COMMENT 'Journeys: touchpoints of one customer towards one goal, across channels';

CREATE OR REPLACE VIEW ${views}.journey_touchpoints ${on_cluster}
(
    customer_id UUID COMMENT 'Who this customer is now; filter by it for speed',
    event_time DateTime64(3, 'UTC') COMMENT 'When it happened, corrected by the clock of the client; the order of a journey',
    channel LowCardinality(String) COMMENT 'website, app, email, chat, phone, store, social, survey, post',
    event LowCardinality(String) COMMENT 'What happened, in the words of Segment',
    journey_id Nullable(UUID) COMMENT 'The journey it belongs to, NULL if none',
    journey_type LowCardinality(String) COMMENT 'purchase, service, return, onboarding, renewal, or empty',
    linked_journey_id Nullable(UUID) COMMENT 'Another journey of the same order, ticket, call or chat, NULL if none',
    stage LowCardinality(String) COMMENT 'Stage of the customer after this touchpoint',
    previous_stage LowCardinality(String) COMMENT 'The stage before, if it changes here, else empty',
    seconds_in_previous_stage Decimal(18, 3) COMMENT 'How long that lasted',
    stage_rule LowCardinality(String) COMMENT 'The rule that changed it, as its key in the rules file',
    session_id UUID COMMENT 'The session it belongs to',
    status LowCardinality(String) COMMENT 'folded, or late: received more than 72 h after it happened',
    handoff_from LowCardinality(String) COMMENT 'The previous channel if the customer has changed it, else empty',
    seconds_since_previous Decimal(18, 3) COMMENT 'Since the previous touchpoint of the customer, 0 for the first',
    value Decimal(18, 4) COMMENT 'revenue, else total, else value of the event',
    currency LowCardinality(String) COMMENT 'ISO 4217',
    sentiment Nullable(Float64) COMMENT '-1 to 1, NULL if nothing says it',
    sentiment_source LowCardinality(String) COMMENT 'score of a survey, rating, or measured: guessed from the words of a text',
    signals Array(LowCardinality(String)) COMMENT 'Friction that begins here; details in friction',
    due Nullable(DateTime64(3, 'UTC')) COMMENT 'When something that is missing here becomes friction or ends the journey',
    received_at DateTime64(3, 'UTC') COMMENT 'When Throughline got it',
    seconds_late Decimal(18, 3) COMMENT 'received_at - event_time; above 72 h the status is late',
    clock_skew_seconds Decimal(18, 3) COMMENT 'event_time - original_timestamp: by how much the clock of the client was corrected',
    revision UInt16 COMMENT 'How often this row changed its mind at what was known',
    original_timestamp DateTime64(3, 'UTC') COMMENT 'As the client said it',
    event_id UUID COMMENT 'Joins to touchpoints, with node and original_timestamp',
    node UUID COMMENT 'The identifier under which it is stored; see identities'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    customer_id,
    event_time,
    channel,
    event,
    nullIf(s.journey_id, toUUID('00000000-0000-0000-0000-000000000000')) AS journey_id,
    journey_type,
    nullIf(s.linked_journey_id, toUUID('00000000-0000-0000-0000-000000000000')) AS linked_journey_id,
    stage,
    previous_stage,
    toDecimal64(stage_time, 3) / 1000 AS seconds_in_previous_stage,
    stage_rule,
    session_id,
    status,
    previous_channel AS handoff_from,
    toDecimal64(previous_gap, 3) / 1000 AS seconds_since_previous,
    value,
    currency,
    if(s.sentiment_source = '', NULL, s.sentiment) AS sentiment,
    sentiment_source,
    signals,
    nullIf(s.due, toDateTime64(0, 3, 'UTC')) AS due,
    received_at,
    toDecimal64(dateDiff('millisecond', event_time, received_at), 3) / 1000 AS seconds_late,
    toDecimal64(dateDiff('millisecond', original_timestamp, event_time), 3) / 1000 AS clock_skew_seconds,
    toUInt16(bitAnd(version, toUInt128(65535))) AS revision,
    original_timestamp,
    event_id,
    node
FROM ${store}.stitched AS s FINAL
WHERE status != 'duplicate'
COMMENT 'Every stitched touchpoint in its session and journey. Customer, session and journey change together, when the customer is folded again: a second or so after a merge';

CREATE OR REPLACE VIEW ${views}.sessions ${on_cluster}
(
    session_id UUID COMMENT 'Id of the session, the same however often it is computed',
    customer_id UUID COMMENT 'Who this customer is now; filter by it for speed',
    channel LowCardinality(String) COMMENT 'A session has one channel',
    started_at DateTime64(3, 'UTC') COMMENT 'Time of its first touchpoint',
    ended_at DateTime64(3, 'UTC') COMMENT 'Time of its last touchpoint so far',
    touchpoints UInt32 COMMENT 'How many it has',
    seconds Decimal(18, 3) COMMENT 'From the first to the last touchpoint',
    first_event LowCardinality(String) COMMENT 'The event that began it',
    journey_id Nullable(UUID) COMMENT 'The journey of its first touchpoint, NULL if none',
    revision UInt16 COMMENT 'How often its first row changed its mind at what was known'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    session_id,
    customer_id,
    channel,
    session_start AS started_at,
    session_end AS ended_at,
    session_touchpoints AS touchpoints,
    toDecimal64(dateDiff('millisecond', session_start, session_end), 3) / 1000 AS seconds,
    event AS first_event,
    nullIf(s.journey_id, toUUID('00000000-0000-0000-0000-000000000000')) AS journey_id,
    toUInt16(bitAnd(version, toUInt128(65535))) AS revision
FROM ${store}.stitched AS s FINAL
WHERE session_touchpoints > 0 AND status != 'duplicate'
COMMENT 'Sessions: touchpoints of one customer in one channel without a longer pause than the channel allows';

CREATE OR REPLACE VIEW ${views}.stage_transitions ${on_cluster}
(
    customer_id UUID COMMENT 'Who this customer is now; filter by it for speed',
    at DateTime64(3, 'UTC') COMMENT 'When the stage changed',
    from_stage LowCardinality(String) COMMENT 'The stage before: of the journey, or, as it begins or without one, of the customer',
    to_stage LowCardinality(String) COMMENT 'awareness, consideration, purchase, onboarding, service, loyalty, advocacy, churned',
    seconds_in_stage Decimal(18, 3) COMMENT 'How long the stage before lasted',
    channel LowCardinality(String) COMMENT 'Where it changed',
    event LowCardinality(String) COMMENT 'What changed it',
    rule LowCardinality(String) COMMENT 'By which rule, as its key in the rules file',
    journey_id Nullable(UUID) COMMENT 'The journey in which it changed, NULL if none',
    journey_type LowCardinality(String) COMMENT 'purchase, service, return, onboarding, renewal, or empty',
    original_timestamp DateTime64(3, 'UTC') COMMENT 'Of that touchpoint',
    event_id UUID COMMENT 'Of that touchpoint',
    node UUID COMMENT 'Of that touchpoint'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    customer_id,
    event_time AS at,
    previous_stage AS from_stage,
    stage AS to_stage,
    toDecimal64(stage_time, 3) / 1000 AS seconds_in_stage,
    channel,
    event,
    stage_rule AS rule,
    nullIf(s.journey_id, toUUID('00000000-0000-0000-0000-000000000000')) AS journey_id,
    journey_type,
    original_timestamp,
    event_id,
    node
FROM ${store}.stitched AS s FINAL
WHERE previous_stage != '' AND status != 'duplicate'
COMMENT 'Every change of stage with its time, its event, its rule and the time in the stage before';
