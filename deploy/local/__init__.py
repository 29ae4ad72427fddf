"""The local stack: a real Kafka and a real ClickHouse from packages, and the supervisor that keeps them running."""
