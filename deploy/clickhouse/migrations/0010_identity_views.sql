-- Who was who at any time, why two identifiers are one customer or two, and whose a shared device probably was.

CREATE TABLE IF NOT EXISTS ${store}.memberships ${on_cluster}
(
    node UUID,
    seq UInt64 COMMENT 'Of the claim that led to it',
    customer UUID,
    since SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'When it was recorded first; a resolver may say it twice',
    INDEX by_customer customer TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ${replicated}AggregatingMergeTree
ORDER BY (node, seq, customer)
SETTINGS index_granularity = 2048, ${window}
COMMENT 'Every customer that an identifier has ever belonged to; of two the higher seq is the later';

CREATE MATERIALIZED VIEW IF NOT EXISTS ${store}.memberships_of_customers ${on_cluster}
TO ${store}.memberships
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT arrayJoin(members) AS node, seq, customer_id AS customer, now64(3, 'UTC') AS since FROM ${store}.customers;

INSERT INTO ${store}.memberships (node, seq, customer, since)
SELECT arrayJoin(members), seq, customer_id, if(said = seq, at, now64(3, 'UTC'))
FROM ${store}.customers AS c FINAL
LEFT ANY JOIN (SELECT seq AS said, min(decided_at) AS at FROM ${store}.decisions GROUP BY seq) AS d ON c.seq = d.said;

ALTER TABLE ${store}.decisions ${on_cluster}
    ADD INDEX IF NOT EXISTS by_a a TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS by_b b TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS by_time decided_at TYPE minmax GRANULARITY 1;

CREATE OR REPLACE VIEW ${views}.identity_history ${on_cluster}
(
    decided_at DateTime64(3, 'UTC') COMMENT 'When it was decided, not when it happened',
    kind LowCardinality(String) COMMENT 'attach, merge, refuse, quarantine, unquarantine, share, unshare, cut, uncut, release, unrelease, rules',
    reason LowCardinality(String) COMMENT 'Name of the rule, or allowed',
    detail String COMMENT 'One sentence',
    a_type LowCardinality(String) COMMENT 'Type of the identifier; empty where rules are decided on',
    a_value String COMMENT 'Its value, normalised',
    b_type LowCardinality(String) COMMENT 'Type of the other of the pair; empty where one identifier is decided on',
    b_value String COMMENT 'Its value, normalised',
    customer_id UUID COMMENT 'Whose the identifier is now',
    b_customer_id UUID COMMENT 'Whose the other of the pair is now',
    evidence Array(UUID) COMMENT 'event_id of the touchpoints it rests on, or id of the operator\'s word',
    rules UInt32 COMMENT 'Version of the rules file',
    seq UInt64 COMMENT 'Of the claim that led to it; filter by it for speed',
    a UUID COMMENT 'node of the identifier; see identities',
    b UUID COMMENT 'node of the other; a where one identifier is decided on'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    d.at AS decided_at,
    d.kind AS kind,
    d.why AS reason,
    d.said AS detail,
    if(i.node = d.a, i.type, '') AS a_type,
    if(i.node = d.a, i.value, '') AS a_value,
    if(k.node = d.b AND d.a != d.b, k.type, '') AS b_type,
    if(k.node = d.b AND d.a != d.b, k.value, '') AS b_value,
    assumeNotNull(if(m.mapped = d.a, m.customer, d.a)) AS customer_id,
    assumeNotNull(if(n.mapped = d.b, n.customer, d.b)) AS b_customer_id,
    d.because AS evidence,
    d.version AS rules,
    d.seq AS seq,
    d.a AS a,
    d.b AS b
FROM (
    SELECT seq, a, b, kind, min(decided_at) AS at, argMin(reason, decided_at) AS why, argMin(detail, decided_at) AS said,
        argMin(rules, decided_at) AS version, argMin(evidence, decided_at) AS because
    FROM ${store}.decisions
    GROUP BY seq, a, b, kind
) AS d
LEFT ANY JOIN (SELECT node, type, value FROM ${store}.identifiers FINAL) AS i ON d.a = i.node
LEFT ANY JOIN (SELECT node, type, value FROM ${store}.identifiers FINAL) AS k ON d.b = k.node
LEFT ANY JOIN (SELECT node AS mapped, customer FROM ${store}.identity_map FINAL) AS m ON d.a = m.mapped
LEFT ANY JOIN (SELECT node AS mapped, customer FROM ${store}.identity_map FINAL) AS n ON d.b = n.mapped
COMMENT 'Every decision on identity, once, with what it rests on. The newest on a pair is its present state';

CREATE OR REPLACE VIEW ${views}.identity_history_of ${on_cluster}
(
    decided_at DateTime64(3, 'UTC') COMMENT 'When it was decided, not when it happened',
    kind LowCardinality(String) COMMENT 'As in identity_history',
    reason LowCardinality(String) COMMENT 'Name of the rule, or allowed',
    detail String COMMENT 'One sentence',
    a_type LowCardinality(String) COMMENT 'Type of the identifier',
    a_value String COMMENT 'Its value, normalised',
    b_type LowCardinality(String) COMMENT 'Type of the other of the pair; empty where one identifier is decided on',
    b_value String COMMENT 'Its value, normalised',
    customer_id UUID COMMENT 'Whose the identifier is now',
    b_customer_id UUID COMMENT 'Whose the other of the pair is now',
    evidence Array(UUID) COMMENT 'event_id of the touchpoints it rests on, or id of the operator\'s word',
    rules UInt32 COMMENT 'Version of the rules file',
    seq UInt64 COMMENT 'Of the claim that led to it',
    a UUID COMMENT 'node of the identifier; see identities',
    b UUID COMMENT 'node of the other; a where one identifier is decided on'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    toUUIDOrNull({id:String}) AS given,
    coalesce(given, (
        SELECT any(node) FROM ${store}.identifiers
        WHERE given IS NULL AND type = substringIndex({id:String}, ':', 1) AND concat(type, ':', value) = {id:String}
    )) AS one,
    (SELECT any(customer) FROM ${store}.identity_map FINAL WHERE node = one) AS mapped,
    if(mapped = toUUID('00000000-0000-0000-0000-000000000000'), one, mapped) AS owner,
    (SELECT any(members) FROM ${store}.customers FINAL WHERE customer_id = owner) AS members,
    arrayPushBack(members, one) AS people,
    found AS (
        SELECT seq, a, b, kind, min(decided_at) AS at, argMin(reason, decided_at) AS why, argMin(detail, decided_at) AS said,
            argMin(rules, decided_at) AS version, argMin(evidence, decided_at) AS because
        FROM (
            SELECT * FROM ${store}.decisions WHERE a IN people
            UNION ALL
            SELECT * FROM ${store}.decisions WHERE b IN people AND a NOT IN people
        )
        GROUP BY seq, a, b, kind
    ),
    near AS (SELECT arrayJoin([a, b]) AS node FROM found),
    names AS (
        SELECT i.node AS node, i.type AS type, i.value AS value, if(m.node = i.node, m.customer, i.node) AS customer
        FROM (SELECT node, type, value FROM ${store}.identifiers FINAL WHERE node IN (SELECT node FROM near)) AS i
        LEFT ANY JOIN (SELECT node, customer FROM ${store}.identity_map FINAL WHERE node IN (SELECT node FROM near)) AS m
        ON i.node = m.node
    )
SELECT
    d.at AS decided_at,
    d.kind AS kind,
    d.why AS reason,
    d.said AS detail,
    i.type AS a_type,
    i.value AS a_value,
    if(d.a != d.b, k.type, '') AS b_type,
    if(d.a != d.b, k.value, '') AS b_value,
    if(i.node = d.a, i.customer, d.a) AS customer_id,
    if(k.node = d.b, k.customer, d.b) AS b_customer_id,
    d.because AS evidence,
    d.version AS rules,
    d.seq AS seq,
    d.a AS a,
    d.b AS b
FROM found AS d
LEFT ANY JOIN names AS i ON d.a = i.node
LEFT ANY JOIN names AS k ON d.b = k.node
SETTINGS join_use_nulls = 0
COMMENT 'identity_history_of(id = \'email:anna@example.org\'): every decision on the identifiers that its customer has now; fast, where a filter on identity_history reads all identifiers. Type and value as in identities, or a node';

CREATE OR REPLACE VIEW ${views}.identity_as_of ${on_cluster}
(
    type LowCardinality(String) COMMENT 'user_id, loyalty_id, email, phone, device_id, ...',
    value String COMMENT 'Normalised: e-mail in lower case, phone as +43...',
    customer_id UUID COMMENT 'Whose it was, as had been decided by then',
    node UUID COMMENT 'Keyed hash of type and value',
    since Nullable(DateTime64(3, 'UTC')) COMMENT 'From when on it had been his; NULL if it was in no claim by then: it was its own customer',
    seq UInt64 COMMENT 'Of the claim that made it his, 0 if none'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    parseDateTime64BestEffort({at:String}, 3, 'UTC') AS moment,
    (SELECT max(seq) FROM ${store}.decisions WHERE decided_at <= moment) AS last
SELECT
    i.type AS type,
    i.value AS value,
    if(m.began.1 > 0, m.customer, i.node) AS customer_id,
    i.node AS node,
    if(m.began.1 > 0, least(m.began.2, moment), NULL) AS since,
    m.began.1 AS seq
FROM ${store}.identifiers AS i FINAL
LEFT ANY JOIN (
    SELECT
        node,
        arraySort(groupArray((number, since, owner))) AS held,
        held[-1].3 AS customer,
        held[arrayLastIndex(one -> one.3 != customer, held) + 1] AS began
    FROM (SELECT node, memberships.seq AS number, memberships.since AS since, customer AS owner FROM ${store}.memberships)
    WHERE number <= last
    GROUP BY node
) AS m ON i.node = m.node
WHERE m.began.1 > 0 OR i.first_seen <= moment
SETTINGS join_use_nulls = 0
COMMENT 'identity_as_of(at = \'2026-11-25 12:00:00\'): every identifier of that time (UTC) and the customer it belonged to, as had been decided by then; when an event happened plays no part';

CREATE OR REPLACE VIEW ${views}.identity_members_as_of ${on_cluster}
(
    type LowCardinality(String) COMMENT 'user_id, loyalty_id, email, phone, device_id, ...',
    value String COMMENT 'Normalised: e-mail in lower case, phone as +43...',
    customer_id UUID COMMENT 'Whose all of these were, as had been decided by then',
    node UUID COMMENT 'Keyed hash of type and value',
    since Nullable(DateTime64(3, 'UTC')) COMMENT 'From when on it had been his; NULL if it was in no claim by then: it was its own customer',
    seq UInt64 COMMENT 'Of the claim that made it his, 0 if none'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    parseDateTime64BestEffort({at:String}, 3, 'UTC') AS moment,
    (SELECT max(seq) FROM ${store}.decisions WHERE decided_at <= moment) AS last,
    toUUIDOrNull({id:String}) AS given,
    coalesce(given, (
        SELECT any(node) FROM ${store}.identifiers
        WHERE given IS NULL AND type = substringIndex({id:String}, ':', 1) AND concat(type, ':', value) = {id:String}
    )) AS one,
    (SELECT argMax(customer, (memberships.seq, since)) FROM ${store}.memberships WHERE node = one AND memberships.seq <= last) AS held_by,
    if(held_by = toUUID('00000000-0000-0000-0000-000000000000'), one, held_by) AS owner
SELECT
    i.type AS type,
    i.value AS value,
    owner AS customer_id,
    i.node AS node,
    if(m.began.1 > 0, least(m.began.2, moment), NULL) AS since,
    m.began.1 AS seq
FROM (
    SELECT node, type, value, identifiers.first_seen AS first_seen FROM ${store}.identifiers FINAL
    WHERE node = one OR node IN (SELECT node FROM ${store}.memberships WHERE customer = owner AND memberships.seq <= last)
) AS i
LEFT ANY JOIN (
    SELECT
        node,
        arraySort(groupArray((memberships.seq, since, customer))) AS held,
        held[-1].3 AS present,
        held[arrayLastIndex(x -> x.3 != present, held) + 1] AS began
    FROM ${store}.memberships
    WHERE memberships.seq <= last AND node IN (SELECT node FROM ${store}.memberships WHERE customer = owner AND memberships.seq <= last)
    GROUP BY node
) AS m ON i.node = m.node
WHERE m.present = owner OR (i.node = one AND m.began.1 = 0 AND i.first_seen <= moment)
SETTINGS join_use_nulls = 0
COMMENT 'identity_members_as_of(id = \'email:anna@example.org\', at = \'2026-11-25 12:00:00\'): the identifiers of the customer to whom one belonged at that time (UTC); fast, where a filter on identity_as_of reads all. Type and value as in identities, or a node';

CREATE OR REPLACE VIEW ${views}.identity_explain ${on_cluster}
(
    step UInt32 COMMENT 'From 1: step of the chain from a to b, or number of the obstacle',
    verdict LowCardinality(String) COMMENT 'accepted: a step of the chain that makes them one customer. refused: they are two, and this pair does not join them',
    a_type LowCardinality(String) COMMENT 'Type of the identifier where the step begins',
    a_value String COMMENT 'Its value',
    b_type LowCardinality(String) COMMENT 'Type of the identifier to which it leads',
    b_value String COMMENT 'Its value',
    reason LowCardinality(String) COMMENT 'Name of the rule that refuses the pair, or allowed',
    detail String COMMENT 'One sentence',
    level UInt8 COMMENT 'Highest assurance with which the two were seen together, 0 to 4',
    first_seen DateTime64(3, 'UTC') COMMENT 'Time of the first event that carried both',
    evidence Array(UUID) COMMENT 'event_id of the touchpoints that show it, for a refused pair also the ids of cuts',
    a UUID COMMENT 'node of the identifier where the step begins',
    b UUID COMMENT 'node of the identifier to which it leads'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH RECURSIVE
    -- scalars are computed once; a named subquery would be computed wherever it is named
    (SELECT coalesce(toUUIDOrNull({a:String}), any(node)) FROM ${store}.identifiers WHERE toUUIDOrNull({a:String}) IS NULL AND concat(type, ':', value) = {a:String}) AS one,
    (SELECT coalesce(toUUIDOrNull({b:String}), any(node)) FROM ${store}.identifiers WHERE toUUIDOrNull({b:String}) IS NULL AND concat(type, ':', value) = {b:String}) AS other,
    (SELECT coalesce(anyOrNull(customer), one) FROM ${store}.identity_map FINAL WHERE node = one) AS owner,
    (SELECT coalesce(anyOrNull(customer), other) FROM ${store}.identity_map FINAL WHERE node = other) AS other_owner,
    (SELECT arrayDistinct(arrayPushBack(any(members), one)) FROM ${store}.customers FINAL WHERE customer_id = owner) AS some,
    (SELECT arrayDistinct(arrayPushBack(any(members), other)) FROM ${store}.customers FINAL WHERE customer_id = other_owner) AS others,
    (
        SELECT groupUniqArray(b) FROM ${store}.claims
        WHERE owner != other_owner AND kind = 'link' AND a IN some AND b NOT IN arrayConcat(some, others)
            AND b IN (SELECT b FROM ${store}.claims WHERE owner != other_owner AND kind = 'link' AND a IN others)
    ) AS thirds,
    arrayConcat(some, others, thirds) AS near,
    judged AS (
        SELECT a, b, first_seen, level, verdict != 'refuse' AS accepted, why, said, if(verdict = 'refuse', because, events) AS shown
        FROM (
            SELECT a, b, min(c.first_seen) AS first_seen, max(c.level) AS level,
                arrayDistinct([argMin(evidence, (c.first_seen, c.seq)), argMin(evidence, (-toInt16(c.level), c.seq))]) AS events
            FROM ${store}.claims AS c
            WHERE kind = 'link' AND a IN near AND b IN near AND a != b
            GROUP BY a, b
        ) AS pairs
        LEFT ANY JOIN (
            SELECT x, y, argMax(kind, seq) AS verdict, argMax(d.reason, seq) AS why, argMax(d.detail, seq) AS said, argMax(d.evidence, seq) AS because
            FROM ${store}.decisions AS d
            ARRAY JOIN [a, b] AS x, [b, a] AS y
            WHERE kind IN ('attach', 'merge', 'refuse') AND a IN near AND b IN near
            GROUP BY x, y
        ) AS verdicts ON a = x AND b = y
    ),
    (SELECT groupArray((a, b, accepted)) FROM judged) AS known,
    arrayMap(p -> (p.1, p.2), arrayFilter(p -> p.3 AND owner = other_owner, known)) AS edges,
    arrayMap(p -> (p.1, p.2), arrayFilter(p -> NOT p.3 AND owner != other_owner, known)) AS apart,
    arraySort(
        p -> (reinterpretAsFixedString(p.1), reinterpretAsFixedString(p.2)),
        arrayFilter(p -> has(some, p.1) AND has(others, p.2), apart)
    ) AS direct,
    arraySort(
        p -> (reinterpretAsFixedString(if(has(thirds, p.1), p.1, p.2)), has(thirds, p.1), reinterpretAsFixedString(p.1), reinterpretAsFixedString(p.2)),
        arrayFilter(p -> (has(some, p.1) AND has(thirds, p.2)) OR (has(thirds, p.1) AND has(others, p.2)), apart)
    ) AS around,
    layers AS (
        SELECT 0 AS depth, [other] AS front, [other] AS seen
        UNION ALL
        SELECT depth + 1, next, arrayConcat(seen, next)
        FROM (
            SELECT depth, seen,
                arraySort(n -> reinterpretAsFixedString(n), arrayDistinct(arrayMap(e -> e.2, arrayFilter(e -> has(front, e.1) AND NOT has(seen, e.2), edges)))) AS next
            FROM layers WHERE NOT has(seen, one) AND depth < 900
        )
        WHERE notEmpty(next)
    ),
    (SELECT arrayReverse(arrayPopBack(arraySort(l -> l.1, groupArray((depth, front))))) FROM layers) AS way,
    arrayFold((path, layer) -> arrayPushBack(path, arrayFirst(n -> has(edges, (path[-1], n)), layer.2)), way, [one]) AS chain,
    if(owner = other_owner, arrayZip(arrayPopBack(chain), arrayPopFront(chain)), if(notEmpty(direct), direct, around)) AS shown_pairs
SELECT
    toUInt32(t.number) AS step,
    if(owner = other_owner, 'accepted', 'refused') AS verdict,
    i.type AS a_type,
    i.value AS a_value,
    k.type AS b_type,
    k.value AS b_value,
    if(owner = other_owner, 'allowed', j.why) AS reason,
    if(owner = other_owner AND j.said = '', 'seen together when both were this customer', j.said) AS detail,
    j.level AS level,
    j.first_seen AS first_seen,
    j.shown AS evidence,
    t.a AS a,
    t.b AS b
FROM (
    SELECT s.1 AS a, s.2 AS b, number
    FROM (SELECT shown_pairs AS all) ARRAY JOIN all AS s, arrayEnumerate(all) AS number
) AS t
INNER JOIN judged AS j ON t.a = j.a AND t.b = j.b
LEFT ANY JOIN (SELECT node, type, value FROM ${store}.identifiers FINAL WHERE node IN near) AS i ON t.a = i.node
LEFT ANY JOIN (SELECT node, type, value FROM ${store}.identifiers FINAL WHERE node IN near) AS k ON t.b = k.node
ORDER BY step
SETTINGS join_use_nulls = 0
COMMENT 'identity_explain(a = \'email:anna@example.org\', b = \'loyalty_id:KC-1\'): the shortest chain of accepted pairs that makes the two one customer, or, where they are two, the pairs that were refused between them, or else those with identifiers that were seen with both. Type and value as in identities, or a node';

CREATE OR REPLACE VIEW ${views}.probable_owners ${on_cluster}
(
    customer_id Nullable(UUID) COMMENT 'Who it probably was; NULL if no customer was ever seen on the device',
    found LowCardinality(String) COMMENT 'before: the last customer seen on the device, at most 30 min before; after: the first one after it; empty: nobody',
    seen_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When that customer was seen on the device',
    event_time DateTime64(3, 'UTC') COMMENT 'When it happened, corrected by the clock of the client',
    channel LowCardinality(String) COMMENT 'website, app, ...',
    event LowCardinality(String) COMMENT 'What happened, in the words of Segment',
    type LowCardinality(String) COMMENT 'Of the shared device: device_id or anonymous_id',
    value String COMMENT 'Of the shared device',
    original_timestamp DateTime64(3, 'UTC') COMMENT 'As the client said it',
    event_id UUID COMMENT 'Joins to touchpoints, with node and original_timestamp',
    node UUID COMMENT 'The shared device; its own customer_id in all other views'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    shared AS (
        SELECT node, type, value FROM ${store}.identifiers FINAL
        WHERE node IN (SELECT customer_id FROM ${store}.customers FINAL WHERE has(flags, 'shared'))
    ),
    sightings AS (
        SELECT s.node AS device, t.event_time AS event_time, if(m.mapped = t.node, m.customer, t.node) AS owner
        FROM (
            SELECT node, event_time, kind, name FROM ${store}.touchpoints FINAL
            ARRAY JOIN mapKeys(identifiers) AS kind, mapValues(identifiers) AS name
            WHERE node IN (SELECT b FROM ${store}.claims WHERE a IN (SELECT node FROM shared) AND kind = 'link' AND b_type NOT IN ('device_id', 'anonymous_id'))
                AND node NOT IN (SELECT customer_id FROM ${store}.customers FINAL WHERE has(flags, 'quarantined'))
        ) AS t
        INNER JOIN shared AS s ON t.kind = s.type AND t.name = s.value
        LEFT ANY JOIN (SELECT node AS mapped, customer FROM ${store}.identity_map FINAL) AS m ON t.node = m.mapped
    ),
    anonymous AS (
        SELECT node, original_timestamp, event_id, event_time, channel, event
        FROM ${store}.touchpoints FINAL WHERE node IN (SELECT node FROM shared)
    )
SELECT
    multiIf(found = 'before', p.owner, found = 'after', q.owner, NULL) AS customer_id,
    multiIf(
        p.device = t.node AND dateDiff('millisecond', p.event_time, t.event_time) <= 1800000, 'before',
        q.device = t.node, 'after', '') AS found,
    multiIf(found = 'before', p.event_time, found = 'after', q.event_time, NULL) AS seen_at,
    t.event_time AS event_time,
    t.channel AS channel,
    t.event AS event,
    s.type AS type,
    s.value AS value,
    t.original_timestamp AS original_timestamp,
    t.event_id AS event_id,
    t.node AS node
FROM anonymous AS t
INNER JOIN shared AS s ON t.node = s.node
ASOF LEFT JOIN sightings AS p ON t.node = p.device AND t.event_time >= p.event_time
ASOF LEFT JOIN sightings AS q ON t.node = q.device AND t.event_time <= q.event_time
SETTINGS join_use_nulls = 0
COMMENT 'Touchpoints of shared devices that name nobody, each with the customer who probably did it. A guess: no other view counts them as his';
