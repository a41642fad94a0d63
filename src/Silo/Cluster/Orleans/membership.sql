-- Which silos there are. Orleans' ADO.NET membership asks for these tables and for its statements under these keys; applied
-- at every start, under a lock, to what is there. The statements change a row and the version of the table together or not at
-- all: a silo that has seen an older version changes nothing.
CREATE TABLE IF NOT EXISTS OrleansQuery (
    QueryKey text PRIMARY KEY,
    QueryText text NOT NULL
);

CREATE TABLE IF NOT EXISTS membership_version (
    cluster text PRIMARY KEY,
    version integer NOT NULL
);

CREATE TABLE IF NOT EXISTS membership (
    cluster text NOT NULL REFERENCES membership_version,
    address text NOT NULL,
    port integer NOT NULL,
    generation integer NOT NULL,
    silo_name text NOT NULL,
    host_name text NOT NULL,
    status integer NOT NULL,
    proxy_port integer,
    suspect_times text,
    start_time timestamptz NOT NULL,
    i_am_alive_time timestamptz NOT NULL,
    PRIMARY KEY (cluster, address, port, generation)
);

-- What the processes of a cluster go by; not Orleans' but ours. See Agreement.cs.
CREATE TABLE IF NOT EXISTS agreement (
    cluster text NOT NULL,
    process text NOT NULL,
    role text NOT NULL,
    terms text NOT NULL, -- JSON
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (cluster, process)
);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES
('GatewaysQueryKey', $$
    SELECT address AS "Address", proxy_port AS "ProxyPort", generation AS "Generation"
    FROM membership WHERE cluster = @DeploymentId AND status = @Status AND proxy_port > 0
$$),
('MembershipReadRowKey', $$
    SELECT v.version AS "Version", m.address AS "Address", m.port AS "Port", m.generation AS "Generation",
        m.silo_name AS "SiloName", m.host_name AS "HostName", m.status AS "Status", m.proxy_port AS "ProxyPort",
        m.suspect_times AS "SuspectTimes", m.start_time AS "StartTime", m.i_am_alive_time AS "IAmAliveTime"
    FROM membership_version v
    LEFT JOIN membership m ON m.cluster = v.cluster AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
    WHERE v.cluster = @DeploymentId
$$),
('MembershipReadAllKey', $$
    SELECT v.version AS "Version", m.address AS "Address", m.port AS "Port", m.generation AS "Generation",
        m.silo_name AS "SiloName", m.host_name AS "HostName", m.status AS "Status", m.proxy_port AS "ProxyPort",
        m.suspect_times AS "SuspectTimes", m.start_time AS "StartTime", m.i_am_alive_time AS "IAmAliveTime"
    FROM membership_version v LEFT JOIN membership m USING (cluster)
    WHERE v.cluster = @DeploymentId
$$),
('InsertMembershipVersionKey', $$
    WITH added AS (
        INSERT INTO membership_version VALUES (@DeploymentId, 0) ON CONFLICT DO NOTHING RETURNING 1)
    SELECT count(*)::integer FROM added
$$),
('UpdateIAmAlivetimeKey', $$
    UPDATE membership SET i_am_alive_time = @IAmAliveTime
    WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
$$),
('InsertMembershipKey', $$
    WITH counted AS (
        UPDATE membership_version SET version = version + 1
        WHERE cluster = @DeploymentId AND version = @Version AND NOT EXISTS (
            SELECT FROM membership
            WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
        RETURNING cluster),
    added AS (
        INSERT INTO membership (cluster, address, port, generation, silo_name, host_name, status, proxy_port,
            start_time, i_am_alive_time)
        SELECT cluster, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
        FROM counted RETURNING 1)
    SELECT count(*)::integer FROM added
$$),
('UpdateMembershipKey', $$
    WITH counted AS (
        UPDATE membership_version SET version = version + 1
        WHERE cluster = @DeploymentId AND version = @Version AND EXISTS (
            SELECT FROM membership
            WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
        RETURNING cluster),
    changed AS (
        UPDATE membership m SET status = @Status, suspect_times = @SuspectTimes, i_am_alive_time = @IAmAliveTime
        FROM counted
        WHERE m.cluster = counted.cluster AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
        RETURNING 1)
    SELECT count(*)::integer FROM changed
$$),
('DeleteMembershipTableEntriesKey', $$
    WITH emptied AS (DELETE FROM membership WHERE cluster = @DeploymentId RETURNING 1)
    DELETE FROM membership_version WHERE cluster = @DeploymentId AND (SELECT count(*) FROM emptied) >= 0
$$),
('CleanupDefunctSiloEntriesKey', $$
    DELETE FROM membership WHERE cluster = @DeploymentId AND i_am_alive_time < @IAmAliveTime AND status <> 3
$$)
ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText;
