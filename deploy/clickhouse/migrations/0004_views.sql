-- What analysts read. Every view shows the newest version of each row, also before ClickHouse has merged anything.

CREATE OR REPLACE VIEW ${views}.touchpoints ${on_cluster}
(
    customer_id UUID COMMENT 'Who this customer is now; merges and un-merges apply at once',
    event_time DateTime64(3, 'UTC') COMMENT 'When it happened, corrected by the clock of the client',
    channel LowCardinality(String) COMMENT 'website, app, email, chat, phone, store, social, survey, post',
    event LowCardinality(String) COMMENT 'What happened, in the words of Segment: Order Completed, Page Viewed, ...',
    status LowCardinality(String) COMMENT 'stored, or late: received more than 72 h after it happened',
    source LowCardinality(String) COMMENT 'Which system sent it',
    identifiers Map(LowCardinality(String), String) COMMENT 'As sent: identifiers[\'email\']',
    order_id String COMMENT 'properties.order_id, else identifiers.order_id',
    revenue Decimal(18, 4) COMMENT 'properties.revenue, 0 if none',
    total Decimal(18, 4) COMMENT 'properties.total, 0 if none',
    value Decimal(18, 4) COMMENT 'properties.value, 0 if none',
    currency LowCardinality(String) COMMENT 'ISO 4217, of all amounts of this row',
    coupon LowCardinality(String) COMMENT 'properties.coupon, else coupon_id',
    product_ids Array(String) COMMENT 'properties.products[].product_id; parallel to the other arrays of products',
    product_names Array(String) COMMENT 'properties.products[].name',
    product_categories Array(LowCardinality(String)) COMMENT 'properties.products[].category',
    product_quantities Array(Float64) COMMENT 'properties.products[].quantity',
    product_prices Array(Decimal(18, 4)) COMMENT 'properties.products[].price, of one piece',
    product_id String COMMENT 'properties.product_id, of events about one product',
    category LowCardinality(String) COMMENT 'properties.category',
    url String COMMENT 'properties.url, else context.page.url',
    path String COMMENT 'properties.path, else context.page.path',
    referrer String COMMENT 'context.page.referrer',
    query String COMMENT 'What was searched for',
    name String COMMENT 'Name of a product, screen, form or element',
    location String COMMENT 'properties.location, else store_id, else queue',
    metric LowCardinality(String) COMMENT 'nps, csat, ces, or empty',
    score Nullable(Float64) COMMENT 'Answer to a survey, on the scale of its metric',
    comment String COMMENT 'What the customer wrote',
    campaign LowCardinality(String) COMMENT 'properties.campaign_name, campaign_id, campaign, else context.campaign.name',
    campaign_source LowCardinality(String) COMMENT 'context.campaign.source',
    campaign_medium LowCardinality(String) COMMENT 'context.campaign.medium',
    properties String COMMENT 'All properties as JSON: JSONExtractString(properties, \'colour\')',
    context String COMMENT 'All context as JSON',
    received_at DateTime64(3, 'UTC') COMMENT 'When Throughline got it',
    original_timestamp DateTime64(3, 'UTC') COMMENT 'As the client said it; filter by it for speed',
    event_id UUID COMMENT 'Given by the sender, or a hash of what it gave',
    node UUID COMMENT 'The identifier under which it is stored; see identities',
    topic LowCardinality(String) COMMENT 'Kafka topic it came by',
    partition UInt16 COMMENT 'Kafka partition',
    offset UInt64 COMMENT 'Kafka offset of the record that counts'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    assumeNotNull(if(m.mapped = t.node, m.customer, t.node)) AS customer_id,
    t.event_time AS event_time,
    t.channel AS channel,
    t.event AS event,
    if(dateDiff('millisecond', t.event_time, t.received_at) > 259200000, 'late', 'stored') AS status,
    t.source AS source,
    t.identifiers AS identifiers,
    t.order_id AS order_id,
    t.revenue AS revenue,
    t.total AS total,
    toDecimal64OrZero(toString(roundBankers(toDecimal128OrZero(JSONExtractString(t.properties, 'value'), 20), 4)), 4) AS value,
    t.currency AS currency,
    t.coupon AS coupon,
    t.product_ids AS product_ids,
    arrayMap(p -> JSONExtractString(p, 'name'), JSONExtractArrayRaw(t.properties, 'products')) AS product_names,
    arrayMap(p -> JSONExtractString(p, 'category'), JSONExtractArrayRaw(t.properties, 'products')) AS product_categories,
    t.product_quantities AS product_quantities,
    t.product_prices AS product_prices,
    JSONExtractString(t.properties, 'product_id') AS product_id,
    JSONExtractString(t.properties, 'category') AS category,
    coalesce(nullIf(JSONExtractString(t.properties, 'url'), ''), JSONExtractString(t.context, 'page', 'url')) AS url,
    t.path AS path,
    JSONExtractString(t.context, 'page', 'referrer') AS referrer,
    t.query AS query,
    JSONExtractString(t.properties, 'name') AS name,
    coalesce(nullIf(JSONExtractString(t.properties, 'location'), ''), nullIf(JSONExtractString(t.properties, 'store_id'), ''), JSONExtractString(t.properties, 'queue')) AS location,
    t.metric AS metric,
    t.score AS score,
    JSONExtractString(t.properties, 'comment') AS comment,
    t.campaign AS campaign,
    JSONExtractString(t.context, 'campaign', 'source') AS campaign_source,
    JSONExtractString(t.context, 'campaign', 'medium') AS campaign_medium,
    t.properties AS properties,
    t.context AS context,
    t.received_at AS received_at,
    t.original_timestamp AS original_timestamp,
    t.event_id AS event_id,
    t.node AS node,
    t.topic AS topic,
    t.partition AS partition,
    t.offset AS offset
FROM ${store}.touchpoints AS t FINAL
LEFT ANY JOIN (SELECT node AS mapped, customer FROM ${store}.identity_map FINAL) AS m ON t.node = m.mapped
WHERE (t.node, t.original_timestamp, t.event_id) NOT IN (
    -- the inner set lets the server read only the few parts of the table where there ever was a duplicate
    SELECT node, original_timestamp, event_id FROM ${store}.stitched FINAL
    WHERE status = 'duplicate' AND node IN (SELECT node FROM ${store}.stitched WHERE status = 'duplicate')
)
COMMENT 'Every touchpoint once, with all it carried. Left out: the same event sent again, also under another identifier of the same customer (the first received counts)';

CREATE OR REPLACE VIEW ${views}.journey_touchpoints ${on_cluster}
(
    customer_id UUID COMMENT 'Who this customer is now; filter by it for speed',
    event_time DateTime64(3, 'UTC') COMMENT 'When it happened, corrected by the clock of the client; the order of a journey',
    channel LowCardinality(String) COMMENT 'website, app, email, chat, phone, store, social, survey, post',
    event LowCardinality(String) COMMENT 'What happened, in the words of Segment',
    journey_id Nullable(UUID) COMMENT 'The journey it belongs to, NULL if none',
    journey_type LowCardinality(String) COMMENT 'purchase, service, or empty',
    stage LowCardinality(String) COMMENT 'Stage of the customer after this touchpoint',
    session_id UUID COMMENT 'The session it belongs to',
    status LowCardinality(String) COMMENT 'folded, or late: received more than 72 h after it happened',
    handoff_from LowCardinality(String) COMMENT 'The previous channel if the customer has changed it, else empty',
    seconds_since_previous Decimal(18, 3) COMMENT 'Since the previous touchpoint of the customer, 0 for the first',
    value Decimal(18, 4) COMMENT 'revenue, else total, else value of the event',
    currency LowCardinality(String) COMMENT 'ISO 4217',
    signals Array(LowCardinality(String)) COMMENT 'Friction that begins here; details in friction',
    due Nullable(DateTime64(3, 'UTC')) COMMENT 'When something that is missing here becomes friction or ends the journey',
    received_at DateTime64(3, 'UTC') COMMENT 'When Throughline got it',
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
    stage,
    session_id,
    status,
    previous_channel AS handoff_from,
    toDecimal64(previous_gap, 3) / 1000 AS seconds_since_previous,
    value,
    currency,
    signals,
    nullIf(s.due, toDateTime64(0, 3, 'UTC')) AS due,
    received_at,
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
    journey_id Nullable(UUID) COMMENT 'The journey of its first touchpoint, NULL if none'
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
    nullIf(s.journey_id, toUUID('00000000-0000-0000-0000-000000000000')) AS journey_id
FROM ${store}.stitched AS s FINAL
WHERE session_touchpoints > 0 AND status != 'duplicate'
COMMENT 'Sessions: touchpoints of one customer in one channel without a longer pause than the channel allows';

CREATE OR REPLACE VIEW ${views}.journeys ${on_cluster}
(
    journey_id UUID COMMENT 'Id of the journey, the same however often it is computed',
    customer_id UUID COMMENT 'Who this customer is now; filter by it for speed',
    journey_type LowCardinality(String) COMMENT 'purchase or service',
    outcome LowCardinality(String) COMMENT 'open, completed, abandoned, cancelled',
    started_at DateTime64(3, 'UTC') COMMENT 'Time of its first touchpoint',
    ended_at DateTime64(3, 'UTC') COMMENT 'Time of its last touchpoint so far',
    touchpoints UInt32 COMMENT 'How many it has',
    sessions UInt32 COMMENT 'In how many sessions',
    handoffs UInt32 COMMENT 'How often the customer changed the channel',
    channels Array(LowCardinality(String)) COMMENT 'The channels it went through',
    reopened UInt32 COMMENT 'How often a contact came back after it was completed',
    value Decimal(18, 4) COMMENT 'Money of its orders',
    seconds Decimal(18, 3) COMMENT 'From the first to the last touchpoint',
    first_channel LowCardinality(String) COMMENT 'Where it began',
    first_event LowCardinality(String) COMMENT 'The event that began it'
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
    toDecimal64(dateDiff('millisecond', journey_start, journey_end), 3) / 1000 AS seconds,
    channel AS first_channel,
    event AS first_event
FROM ${store}.stitched FINAL
WHERE journey_outcome != '' AND status != 'duplicate'
COMMENT 'Journeys: touchpoints of one customer towards one goal, across channels';

CREATE OR REPLACE VIEW ${views}.friction ${on_cluster}
(
    signal_id UUID COMMENT 'Id of the signal, the same however often it is found',
    signal LowCardinality(String) COMMENT 'low_score, repeat_contact, unanswered, ...',
    customer_id UUID COMMENT 'Who this customer is now',
    channel LowCardinality(String) COMMENT 'Where it happened',
    location String COMMENT 'Page, screen, store or queue',
    at DateTime64(3, 'UTC') COMMENT 'When it became friction',
    detail String COMMENT 'One sentence for a person',
    event_time DateTime64(3, 'UTC') COMMENT 'Time of the touchpoint it begins with',
    original_timestamp DateTime64(3, 'UTC') COMMENT 'Of that touchpoint',
    event_id UUID COMMENT 'Of that touchpoint',
    node UUID COMMENT 'Of that touchpoint'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    f.signal_id AS signal_id,
    f.signal AS signal,
    assumeNotNull(if(m.mapped = f.node, m.customer, f.node)) AS customer_id,
    f.channel AS channel,
    f.location AS location,
    f.at AS at,
    f.detail AS detail,
    f.event_time AS event_time,
    f.original_timestamp AS original_timestamp,
    f.event_id AS event_id,
    f.node AS node
FROM ${store}.friction AS f FINAL
LEFT ANY JOIN (SELECT node AS mapped, customer FROM ${store}.identity_map FINAL) AS m ON f.node = m.mapped
WHERE f.live = 1
COMMENT 'Friction that stands; a signal that a later event disproved is not here';

CREATE OR REPLACE VIEW ${views}.identities ${on_cluster}
(
    type LowCardinality(String) COMMENT 'user_id, loyalty_id, email, phone, device_id, ...',
    value String COMMENT 'Normalised: e-mail in lower case, phone as +43...',
    customer_id UUID COMMENT 'Whose it is now',
    first_seen DateTime64(3, 'UTC') COMMENT 'Time of the first touchpoint that carried it',
    last_seen DateTime64(3, 'UTC') COMMENT 'Time of the last touchpoint that carried it',
    node UUID COMMENT 'Keyed hash of type and value; every customer_id ever shown is one'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    i.type AS type,
    i.value AS value,
    assumeNotNull(if(m.mapped = i.node, m.customer, i.node)) AS customer_id,
    i.first_seen AS first_seen,
    i.last_seen AS last_seen,
    i.node AS node
FROM ${store}.identifiers AS i FINAL
LEFT ANY JOIN (SELECT node AS mapped, customer FROM ${store}.identity_map FINAL) AS m ON i.node = m.mapped
COMMENT 'Every identifier and the customer it belongs to now. An order_id, ticket_id, call_id or chat_id never joins people: it stands for itself';

CREATE OR REPLACE VIEW ${views}.customers ${on_cluster}
(
    customer_id UUID COMMENT 'Who this customer is now',
    identifiers Array(Tuple(type LowCardinality(String), value String)) COMMENT 'All that is known to be this customer',
    first_seen DateTime64(3, 'UTC') COMMENT 'Time of the first touchpoint',
    last_seen DateTime64(3, 'UTC') COMMENT 'Time of the last touchpoint',
    touchpoints UInt64 COMMENT 'How many',
    channels Array(LowCardinality(String)) COMMENT 'Every channel used, sorted',
    sessions UInt64 COMMENT 'How many',
    journeys UInt64 COMMENT 'How many',
    open_journeys UInt64 COMMENT 'How many are still open',
    orders UInt64 COMMENT 'Order Completed events',
    order_value Map(LowCardinality(String), Decimal(38, 4)) COMMENT 'Money of those, by currency: order_value[\'USD\']',
    signals UInt64 COMMENT 'Friction signals that stand'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    s.customer_id AS customer_id,
    i.identifiers AS identifiers,
    s.first_seen AS first_seen,
    s.last_seen AS last_seen,
    s.touchpoints AS touchpoints,
    s.channels AS channels,
    s.sessions AS sessions,
    s.journeys AS journeys,
    s.open_journeys AS open_journeys,
    s.orders AS orders,
    s.order_value AS order_value,
    s.signals AS signals
FROM (
    SELECT
        customer_id,
        min(event_time) AS first_seen,
        max(event_time) AS last_seen,
        count() AS touchpoints,
        arraySort(groupUniqArray(channel)) AS channels,
        countIf(session_touchpoints > 0) AS sessions,
        countIf(journey_outcome != '') AS journeys,
        countIf(journey_outcome = 'open') AS open_journeys,
        countIf(event = 'Order Completed') AS orders,
        sumMapIf(map(currency, toDecimal128(value, 4)), event = 'Order Completed') AS order_value,
        sum(length(stitched.signals)) AS signals
    FROM ${store}.stitched FINAL
    WHERE status != 'duplicate'
    GROUP BY customer_id
) AS s
LEFT ANY JOIN (
    SELECT customer_id, arraySort(groupArray((type, value))) AS identifiers
    FROM ${views}.identities
    GROUP BY customer_id
) AS i ON s.customer_id = i.customer_id
COMMENT 'One row per customer who has touchpoints';
