-- Version 3: telemetry is a log of commits and, per topic, chunks that a compactor makes of it. Times are UTC ticks.

-- One row a commit. Both blobs end in their CRC-32C: what LogDirectory and LogReading write.
CREATE TABLE log (
    id        INTEGER PRIMARY KEY,
    directory BLOB NOT NULL, -- which topics got which numbers and times
    readings  BLOB NOT NULL
) STRICT;

-- Rows of the log whose readings a start has found damaged. They stay until somebody gives them up.
CREATE TABLE damaged_log (
    id        INTEGER PRIMARY KEY,
    directory BLOB NOT NULL,
    readings  BLOB NOT NULL
) STRICT;

-- Readings of one topic, sorted by event time and number. Chunks of a topic do not overlap.
CREATE TABLE chunk (
    id             INTEGER PRIMARY KEY,
    topic          INTEGER NOT NULL,
    first_at       INTEGER NOT NULL,
    first_seq      INTEGER NOT NULL,
    last_at        INTEGER NOT NULL,
    last_seq       INTEGER NOT NULL, -- of the reading at last_at; not the greatest
    readings       INTEGER NOT NULL,
    first_received INTEGER NOT NULL, -- the least arrival time
    last_mark      INTEGER NOT NULL, -- the greatest device_seq of a reading without a time of its own; 0 for none
    data           BLOB NOT NULL
) STRICT;

CREATE INDEX chunk_place ON chunk (topic, last_at, last_seq);

-- Where redeliveries without a time of their own are looked for.
CREATE INDEX chunk_mark ON chunk (topic, last_mark) WHERE last_mark > 0;

CREATE TABLE marked_topic (
    device INTEGER NOT NULL,
    topic  INTEGER NOT NULL,
    PRIMARY KEY (device, topic)
) STRICT, WITHOUT ROWID;

-- last_seq: up to this number the topic's readings are in chunks (or were dropped); behind it, they are in the log.
ALTER TABLE topic ADD COLUMN readings INTEGER NOT NULL DEFAULT 0;
ALTER TABLE topic ADD COLUMN first_at INTEGER;
ALTER TABLE topic ADD COLUMN latest_at INTEGER;
ALTER TABLE topic ADD COLUMN latest_seq INTEGER;
ALTER TABLE topic ADD COLUMN latest BLOB;             -- a chunk of the latest reading, unless that is large
ALTER TABLE topic ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE topic ADD COLUMN dropped_before INTEGER;
