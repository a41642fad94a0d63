-- Version 4: retention, and restored backups.

-- What the topic's chunks take.
ALTER TABLE topic ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;

UPDATE topic SET bytes = coalesce((SELECT sum(length(data)) FROM chunk WHERE chunk.topic = topic.id), 0) WHERE readings > 0;

-- Up to this device_seq, readings of the device are not looked at for redeliveries: they are of before a restore.
ALTER TABLE device ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;

CREATE TABLE restored (
    id          INTEGER PRIMARY KEY,
    made_at     INTEGER NOT NULL,          -- the backup
    restored_at INTEGER NOT NULL,
    is_said     INTEGER NOT NULL DEFAULT 0 -- by a start
) STRICT;
