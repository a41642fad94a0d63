-- Version 2: MQTT sessions and retained messages. Times are UTC ticks: 100 ns since 0001-01-01.

-- Small, because every message for a durable session rewrites its row; what is large is in tables of its own.
CREATE TABLE session (
    id           INTEGER PRIMARY KEY,
    key          TEXT NOT NULL UNIQUE, -- {tenant}/{publisher}/{client id}
    client_id    TEXT NOT NULL,
    expiry       INTEGER NOT NULL,     -- seconds; 4294967295 for ever
    connected    INTEGER NOT NULL,
    expires_at   INTEGER,              -- null while connected, or for ever
    will_delay   INTEGER,              -- seconds; null without a will
    will_at      INTEGER,              -- null while connected, or without a will
    sent         INTEGER NOT NULL DEFAULT 0, -- by former connections; of a connected session anything may have been sent
    last         INTEGER NOT NULL DEFAULT 0, -- number of the queue
    queued       INTEGER NOT NULL DEFAULT 0,
    queued_bytes INTEGER NOT NULL DEFAULT 0,
    dropped      INTEGER NOT NULL DEFAULT 0,
    due_at       INTEGER AS (min(coalesce(will_at, expires_at), coalesce(expires_at, will_at)))
) STRICT;

CREATE INDEX session_due ON session (due_at) WHERE due_at IS NOT NULL;

-- Messages are as MessageBlob writes them. Sessions by their ids; no foreign keys, as of readings.
CREATE TABLE will (
    session INTEGER PRIMARY KEY,
    message BLOB NOT NULL
) STRICT;

CREATE TABLE subscription (
    session             INTEGER NOT NULL,
    filter              TEXT NOT NULL,
    maximum_qos         INTEGER NOT NULL,
    no_local            INTEGER NOT NULL,
    retain_as_published INTEGER NOT NULL,
    retain_handling     INTEGER NOT NULL,
    identifier          INTEGER NOT NULL, -- 0 for none
    PRIMARY KEY (session, filter)
) STRICT, WITHOUT ROWID;

CREATE TABLE queued (
    session          INTEGER NOT NULL,
    number           INTEGER NOT NULL,
    qos              INTEGER NOT NULL,
    retain           INTEGER NOT NULL,
    subscription_ids TEXT NOT NULL, -- with commas
    message          BLOB,          -- null when it is released and waits for PUBCOMP
    PRIMARY KEY (session, number)
) STRICT, WITHOUT ROWID;

-- Packet identifiers of QoS 2 messages whose PUBREL has not come.
CREATE TABLE received (
    session   INTEGER NOT NULL,
    packet_id INTEGER NOT NULL,
    PRIMARY KEY (session, packet_id)
) STRICT, WITHOUT ROWID;

-- With a rowid, so that a search for topics reads an index of nothing but topics.
CREATE TABLE retained (
    id         INTEGER PRIMARY KEY,
    topic      TEXT NOT NULL UNIQUE, -- {tenant}/{topic}
    publisher  TEXT NOT NULL,        -- {tenant}/{publisher}
    expires_at INTEGER,
    message    BLOB NOT NULL
) STRICT;

CREATE INDEX retained_publisher ON retained (publisher, topic);
