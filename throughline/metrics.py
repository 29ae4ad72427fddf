"""Every metric that Throughline exposes, in one place; the docs' table is made from here."""

from prometheus_client import Counter, Gauge, Histogram

SIZES = (1, 10, 100, 1_000, 5_000, 10_000, 25_000, 50_000, 100_000)

RECORDS = Counter("throughline_records", "Public records taken in, by outcome: stored or dead.", ["outcome"])
CLAIMS_SENT = Counter("throughline_claims_sent", "Claims sent to identity.claims by intake.")
CLAIMS_DECIDED = Counter("throughline_claims_decided", "Claims decided by the resolver.")
MARKS = Counter(
    "throughline_marks",
    "Marks taken by the journeys agent, and forwarded by it (one barrier forwards several).",
    ["outcome"],
)
CUSTOMERS_LOADED = Counter(
    "throughline_customers_loaded", "Customers read from ClickHouse because they were not cached."
)
ROWS_WRITTEN = Counter("throughline_rows_written", "Stitched rows written.")
SIGNALS = Counter("throughline_signals", "Friction rows written, raised and withdrawn.")
BATCH_SIZE = Histogram("throughline_batch_size", "Records or marks in a batch of a step.", ["step"], buckets=SIZES)
BATCH_SECONDS = Histogram(
    "throughline_batch_seconds", "Seconds from the start of a batch to its last acknowledgement.", ["step"]
)
UNREADABLE = Counter(
    "throughline_unreadable", "Records of internal topics that are no message of ours, and were passed over.", ["topic"]
)
PARTITIONS = Gauge("throughline_inbox_partitions", "Inbox partitions that this worker owns.")
VIEW_POSITION = Gauge("throughline_view_position", "Offset in identity.changes up to which this worker has heard.")
RULES_VERSION = Gauge("throughline_rules_version", "Version of the rules by which this worker folds.")
SWEEP_ROWS_LEFT = Gauge(
    "throughline_sweep_rows_left", "Stitched rows of this worker's partitions that older rules have made."
)
CACHE_BYTES = Gauge("throughline_cache_bytes", "Estimated bytes of the customers in memory.")
