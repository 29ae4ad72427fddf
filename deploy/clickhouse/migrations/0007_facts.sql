-- What a fold reads and says besides: the order an event is about, properties that rules name, stages, emotion, links.

ALTER TABLE ${store}.facts ${on_cluster}
    ADD COLUMN IF NOT EXISTS about String COMMENT 'The order that it names besides its thread, order_id:value';

ALTER TABLE ${store}.facts ${on_cluster}
    COMMENT COLUMN metric 'What score is: nps, csat, ces, rating (1 to 5), text (measured, -1 to 1)';

CREATE TABLE IF NOT EXISTS ${store}.properties ${on_cluster}
(
    node UUID,
    original_timestamp DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    event_id UUID,
    version UInt64 CODEC(Delta(8), ZSTD(1)),
    properties String COMMENT 'JSON' CODEC(ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (node, original_timestamp, event_id)
SETTINGS index_granularity = 2048, ${window}
COMMENT 'Properties of touchpoints by customer: what rules that name properties look at when facts are loaded';

CREATE MATERIALIZED VIEW IF NOT EXISTS ${store}.properties_of_touchpoints ${on_cluster}
TO ${store}.properties
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT node, original_timestamp, event_id, version, properties FROM ${store}.touchpoints;

INSERT INTO ${store}.properties SELECT node, original_timestamp, event_id, version, properties FROM ${store}.touchpoints;

ALTER TABLE ${store}.stitched ${on_cluster}
    ADD COLUMN IF NOT EXISTS sentiment Float64 COMMENT '-1 to 1, 0 if there is none' AFTER currency,
    ADD COLUMN IF NOT EXISTS sentiment_source LowCardinality(String) COMMENT 'score, rating, measured, empty if there is none'
        AFTER sentiment,
    ADD COLUMN IF NOT EXISTS journey_currency LowCardinality(String) COMMENT 'Of journey_value' AFTER journey_channels,
    ADD COLUMN IF NOT EXISTS journey_stage LowCardinality(String) COMMENT 'The stage it is in, or ended in' AFTER journey_currency,
    ADD COLUMN IF NOT EXISTS journey_emotion_times Array(DateTime64(3, 'UTC')) COMMENT 'In order, parallel to the next'
        AFTER journey_stage,
    ADD COLUMN IF NOT EXISTS journey_emotions Array(Float64) AFTER journey_emotion_times,
    ADD COLUMN IF NOT EXISTS previous_stage LowCardinality(String) COMMENT 'Set when the stage changes here' AFTER journey_emotions,
    ADD COLUMN IF NOT EXISTS stage_time Int64 COMMENT 'ms spent in that stage' AFTER previous_stage,
    ADD COLUMN IF NOT EXISTS stage_rule LowCardinality(String) COMMENT 'What changed it, as a key of the rules file' AFTER stage_time,
    ADD COLUMN IF NOT EXISTS linked_journey_id UUID COMMENT 'Another journey of the same order, ticket, call or chat' AFTER stage_rule;
