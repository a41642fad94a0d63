-- Version 1. Times are UTC ticks: 100 ns since 0001-01-01.

CREATE TABLE topic (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE, -- {tenant}/{topic}
    last_seq INTEGER NOT NULL      -- an append must begin behind it
) STRICT;

CREATE TABLE device (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE, -- {tenant}/{device}
    readings    INTEGER NOT NULL,
    received_at INTEGER NOT NULL      -- of its last reading
) STRICT;

-- Topics and devices by their ids; no foreign keys, because the same transaction has just found or made both.
CREATE TABLE reading (
    topic        INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    device       INTEGER NOT NULL,
    device_seq   INTEGER NOT NULL, -- the reading's number among the device's, in commit order
    received_at  INTEGER NOT NULL,
    has_own_time INTEGER NOT NULL,
    dup          INTEGER NOT NULL,
    packet_id    INTEGER NOT NULL,
    payload      BLOB NOT NULL,
    PRIMARY KEY (topic, at, seq)
) STRICT, WITHOUT ROWID;

-- Where redeliveries without a time of their own are looked for.
CREATE INDEX reading_without_own_time ON reading (device, device_seq)
    WHERE has_own_time = 0 AND packet_id <> 0;

CREATE TABLE directory_entry (
    directory  TEXT NOT NULL, -- {tenant}/devices, {tenant}/users
    id         TEXT NOT NULL,
    grain_name TEXT NOT NULL,
    title      TEXT NOT NULL,
    PRIMARY KEY (directory, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE grain_state (
    grain TEXT NOT NULL, -- {type}/{key}
    name  TEXT NOT NULL,
    etag  TEXT NOT NULL,
    state TEXT NOT NULL, -- JSON
    PRIMARY KEY (grain, name)
) STRICT;

-- Reminders of the embedded engine. Orleans keeps its own.
CREATE TABLE reminder (
    grain     TEXT NOT NULL, -- {type}/{key}
    name      TEXT NOT NULL,
    start_at  INTEGER NOT NULL,
    period    INTEGER NOT NULL,
    last_tick INTEGER,
    PRIMARY KEY (grain, name)
) STRICT;
