-- Version 1. Times are UTC ticks: 100 ns since 0001-01-01. Names are as Text.Encode writes them and compare by their bytes.

CREATE TABLE topic (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE -- {tenant}/{topic}
);

-- A row a topic that every append rewrites, so it is narrow and has room beside it for the next version.
CREATE TABLE topic_tail (
    topic          bigint PRIMARY KEY,
    last_seq       bigint NOT NULL,           -- an append must begin behind it
    readings       bigint NOT NULL DEFAULT 0, -- that are there
    first_at       bigint,                    -- the least event time among them
    last_at        bigint,                    -- the greatest
    dropped_before bigint,                    -- by retention; null for never
    dropped        bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE device (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE -- {tenant}/{device}
);

CREATE TABLE device_tail (
    device      bigint PRIMARY KEY,
    readings    bigint NOT NULL DEFAULT 0,
    received_at bigint -- of its last reading
) WITH (fillfactor = 50);

-- Topics and devices by their ids; no foreign keys, because the same transaction has just found or made both.
CREATE TABLE reading (
    topic        bigint NOT NULL,
    at           bigint NOT NULL,
    seq          bigint NOT NULL,
    device       bigint NOT NULL,
    device_seq   bigint NOT NULL, -- the reading's number among the device's, in commit order
    received_at  bigint NOT NULL,
    packet_id    integer NOT NULL,
    has_own_time boolean NOT NULL,
    dup          boolean NOT NULL,
    payload      bytea NOT NULL,
    PRIMARY KEY (topic, at, seq)
) PARTITION BY RANGE (at);

-- Where redeliveries without a time of their own are looked for.
CREATE INDEX reading_without_own_time ON reading (device, device_seq) WHERE NOT has_own_time AND packet_id <> 0;

-- From the least time to the greatest without a gap: reading_before, a partition a day, reading_after. No default
-- partition: with one, the server could not read partitions in their order and stop, and a new day would have to look
-- through all of it.
CREATE TABLE reading_partition (
    name    text PRIMARY KEY,
    from_at bigint, -- null for the beginning of time
    to_at   bigint  -- null for its end
);

-- Cuts days off the front of reading_after, until there are so many ahead of today.
CREATE FUNCTION make_partitions(ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    day CONSTANT bigint := 864000000000;
    today CONSTANT bigint := (extract(epoch FROM now())::bigint / 86400 + 719162) * day; -- 719,162 days to 1970
    goal CONSTANT bigint := today + (ahead + 1) * day;
    lower bigint;
    upper bigint;
    made text;
    count integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(6878072520123041); -- beside Schema.Lock
    SELECT from_at INTO STRICT lower FROM reading_partition WHERE name = 'reading_after';
    IF lower >= goal THEN
        RETURN 0;
    END IF;

    ALTER TABLE reading DETACH PARTITION reading_after;
    WHILE lower < goal LOOP
        -- Days that nobody was there to make are one.
        upper := greatest(lower + day, today - 7 * day);
        made := 'reading_' || to_char(date '0001-01-01' + (lower / day)::integer, 'YYYYMMDD');
        EXECUTE format('CREATE TABLE %I PARTITION OF reading FOR VALUES FROM (%s) TO (%s)', made, lower, upper);
        EXECUTE format(
            'WITH moved AS (DELETE FROM reading_after WHERE at < %s RETURNING *) INSERT INTO %I SELECT * FROM moved',
            upper, made);
        INSERT INTO reading_partition (name, from_at, to_at) VALUES (made, lower, upper);
        lower := upper;
        count := count + 1;
    END LOOP;

    EXECUTE format('ALTER TABLE reading ATTACH PARTITION reading_after FOR VALUES FROM (%s) TO (MAXVALUE)', lower);
    UPDATE reading_partition SET from_at = lower WHERE name = 'reading_after';
    RETURN count;
END
$$;

DO $$
DECLARE
    begin_at CONSTANT bigint := (extract(epoch FROM now())::bigint / 86400 + 719162 - 7) * 864000000000;
BEGIN
    EXECUTE format('CREATE TABLE reading_before PARTITION OF reading FOR VALUES FROM (MINVALUE) TO (%s)', begin_at);
    EXECUTE format('CREATE TABLE reading_after PARTITION OF reading FOR VALUES FROM (%s) TO (MAXVALUE)', begin_at);
    INSERT INTO reading_partition (name, from_at, to_at)
    VALUES ('reading_before', NULL, begin_at), ('reading_after', begin_at, NULL);
END
$$;

-- A row a process that writes. Its transactions count themselves, so that after a lost answer it can ask for the last one.
CREATE TABLE writer (
    id      uuid PRIMARY KEY,
    commits bigint NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

CREATE TABLE directory_entry (
    directory  text COLLATE "C" NOT NULL, -- {tenant}/devices, {tenant}/users
    id         text COLLATE "C" NOT NULL,
    grain_name text COLLATE "C" NOT NULL,
    title      text COLLATE "C" NOT NULL,
    PRIMARY KEY (directory, id)
);

CREATE TABLE grain_state (
    grain text COLLATE "C" NOT NULL, -- {type}/{key}
    name  text COLLATE "C" NOT NULL,
    etag  text NOT NULL,
    state text NOT NULL, -- JSON
    PRIMARY KEY (grain, name)
);

-- Reminders of the embedded engine. Orleans keeps its own.
CREATE TABLE reminder (
    grain     text COLLATE "C" NOT NULL, -- {type}/{key}
    name      text COLLATE "C" NOT NULL,
    start_at  bigint NOT NULL,
    period    bigint NOT NULL,
    last_tick bigint,
    PRIMARY KEY (grain, name)
);

-- Narrow, because every message for a durable session rewrites its row; what is large is in tables of its own.
CREATE TABLE session (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key          text COLLATE "C" NOT NULL UNIQUE, -- {tenant}/{publisher}/{client id}
    client_id    text COLLATE "C" NOT NULL,
    expiry       bigint NOT NULL,     -- seconds; 4294967295 for ever
    connected    boolean NOT NULL,
    expires_at   bigint,              -- null while connected, or for ever
    will_delay   bigint,              -- seconds; null without a will
    will_at      bigint,              -- null while connected, or without a will
    sent         bigint NOT NULL DEFAULT 0, -- by former connections; of a connected session anything may have been sent
    last         bigint NOT NULL DEFAULT 0, -- number of the queue
    queued       bigint NOT NULL DEFAULT 0,
    queued_bytes bigint NOT NULL DEFAULT 0,
    dropped      bigint NOT NULL DEFAULT 0,
    due_at       bigint GENERATED ALWAYS AS (least(will_at, expires_at)) STORED
) WITH (fillfactor = 50);

CREATE INDEX session_due ON session (due_at) WHERE due_at IS NOT NULL;

-- Messages are as MessageBlob writes them. Sessions by their ids; no foreign keys, as of readings.
CREATE TABLE will (
    session bigint PRIMARY KEY,
    message bytea NOT NULL
);

CREATE TABLE subscription (
    session             bigint NOT NULL,
    filter              text COLLATE "C" NOT NULL,
    maximum_qos         integer NOT NULL,
    no_local            boolean NOT NULL,
    retain_as_published boolean NOT NULL,
    retain_handling     integer NOT NULL,
    identifier          bigint NOT NULL, -- 0 for none
    PRIMARY KEY (session, filter)
);

CREATE TABLE queued (
    session          bigint NOT NULL,
    number           bigint NOT NULL,
    qos              integer NOT NULL,
    retain           boolean NOT NULL,
    subscription_ids text NOT NULL, -- with commas
    message          bytea,         -- null when it is released and waits for PUBCOMP
    PRIMARY KEY (session, number)
);

-- Packet identifiers of QoS 2 messages whose PUBREL has not come.
CREATE TABLE received (
    session   bigint NOT NULL,
    packet_id integer NOT NULL,
    PRIMARY KEY (session, packet_id)
);

CREATE TABLE retained (
    topic      text COLLATE "C" PRIMARY KEY, -- {tenant}/{topic}
    publisher  text COLLATE "C" NOT NULL,    -- {tenant}/{publisher}
    expires_at bigint,
    message    bytea NOT NULL
);

CREATE INDEX retained_publisher ON retained (publisher, topic);
