-- Version 2: retention.

-- What the readings take, of which the rules of a size are; 128 is ReadingGroup.ReadingBytes.
ALTER TABLE topic_tail ADD COLUMN bytes bigint NOT NULL DEFAULT 0;
UPDATE topic_tail AS tail SET bytes = r.bytes
FROM (SELECT topic, sum(octet_length(payload) + 128) AS bytes FROM reading GROUP BY topic) AS r
WHERE tail.topic = r.topic;

-- A day that goes as a whole. It leaves reading in a moment, and then the rows of its topics are told, some at a time.
CREATE TABLE reading_leaving (LIKE reading) PARTITION BY RANGE (at); -- of one partition, or none
CREATE TABLE leaving_day (
    name        text PRIMARY KEY,
    topics_done bigint NOT NULL DEFAULT 0 -- up to this id they are told
);

-- Functions, so that a query which does not need them does not plan for all partitions.
CREATE FUNCTION first_at_of(id bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT at FROM reading WHERE topic = id ORDER BY at, seq LIMIT 1);
END
$$;

CREATE FUNCTION last_at_of(id bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT at FROM reading WHERE topic = id ORDER BY at DESC, seq DESC LIMIT 1);
END
$$;

-- The end of what was dropped up to a reading: one tick behind it, if there is one (DateTimeOffset.MaxValue).
CREATE FUNCTION behind(last_dropped bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN last_dropped < 3155378975999999999 THEN last_dropped + 1 ELSE last_dropped END $$;

-- topic_tail, as it is when all of the day that leaves is told.
CREATE VIEW topic_now AS
SELECT tail.topic, tail.last_seq, tail.readings - leaving.readings AS readings,
    CASE WHEN leaving.readings = 0 THEN tail.first_at ELSE first_at_of(tail.topic) END AS first_at,
    CASE WHEN leaving.readings = 0 THEN tail.last_at ELSE last_at_of(tail.topic) END AS last_at,
    greatest(tail.dropped_before, behind(leaving.last_at)) AS dropped_before,
    tail.dropped + leaving.readings AS dropped
FROM topic_tail AS tail CROSS JOIN LATERAL (
    SELECT count(*) AS readings, max(l.at) AS last_at FROM reading_leaving AS l
    WHERE l.topic = tail.topic AND l.topic > coalesce((SELECT topics_done FROM leaving_day), 0)) AS leaving;

-- Whether a day has readings of topics that keep them, or of one that is newer than those which were looked at.
CREATE FUNCTION is_kept(day text, kept bigint[], newest bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    found boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM unnest($1) AS k (topic) WHERE EXISTS (SELECT FROM %1$I AS r WHERE r.topic = k.topic))'
        ' OR EXISTS (SELECT FROM %1$I AS r WHERE r.topic > $2)', day)
        INTO STRICT found USING kept, newest;
    RETURN found;
END
$$;

-- Before let_day_leave: what makes reading_before need no look at its rows when it takes the day's place.
CREATE FUNCTION prepare_before(upper bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE reading_before DROP CONSTRAINT IF EXISTS reading_before_end;
    EXECUTE format('ALTER TABLE reading_before ADD CONSTRAINT reading_before_end CHECK (at < %s) NOT VALID', upper);
END
$$;

-- Takes the first day out of reading, unless it has to stay, and extends reading_before to its end.
CREATE FUNCTION let_day_leave(day text, kept bigint[], newest bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    lower bigint;
    upper bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(6878072520123041); -- as make_partitions
    LOCK TABLE ONLY reading_leaving IN ACCESS EXCLUSIVE MODE; -- a reader that has seen a topic's row sees the same rows to its end
    LOCK TABLE ONLY reading IN ACCESS EXCLUSIVE MODE;
    SELECT from_at, to_at INTO STRICT lower, upper FROM reading_partition WHERE name = day;
    IF lower IS DISTINCT FROM (SELECT to_at FROM reading_partition WHERE name = 'reading_before')
        OR EXISTS (SELECT FROM leaving_day) OR is_kept(day, kept, newest) THEN
        RETURN false;
    END IF;

    EXECUTE format('ALTER TABLE reading DETACH PARTITION %I', day);
    ALTER TABLE reading DETACH PARTITION reading_before;
    EXECUTE format('ALTER TABLE reading ATTACH PARTITION reading_before FOR VALUES FROM (MINVALUE) TO (%s)', upper);
    ALTER TABLE reading_before DROP CONSTRAINT reading_before_end;
    EXECUTE format('ALTER TABLE reading_leaving ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (MAXVALUE)', day);
    DELETE FROM reading_partition WHERE name = day;
    UPDATE reading_partition SET to_at = upper WHERE name = 'reading_before';
    INSERT INTO leaving_day (name) VALUES (day);
    RETURN true;
END
$$;

-- When all its topics are told.
CREATE FUNCTION drop_leaving_day() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day text;
BEGIN
    LOCK TABLE ONLY reading_leaving IN ACCESS EXCLUSIVE MODE;
    DELETE FROM leaving_day RETURNING name INTO STRICT day;
    EXECUTE format('DROP TABLE %I', day);
END
$$;
