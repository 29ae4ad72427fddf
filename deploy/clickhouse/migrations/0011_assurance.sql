-- What a rebuild needs of an event to claim again what the intake has claimed.

ALTER TABLE ${store}.touchpoints ${on_cluster}
    ADD COLUMN IF NOT EXISTS assurance Nullable(UInt8) COMMENT 'As the source said it, 0 to 4; NULL: it said nothing, or the row is older than this column'
        AFTER source;
