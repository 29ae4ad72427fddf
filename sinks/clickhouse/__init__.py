"""ClickHouse as the state of record: migrations, the store, connections."""
