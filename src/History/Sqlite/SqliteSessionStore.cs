using OrleansIoT.Sessions;

namespace OrleansIoT.History.Sqlite;

/// <summary>A row a session; its will, subscriptions, queue and packet identifiers in tables of their own.</summary>
internal sealed partial class SqliteSessionStore(SqliteDatabase database, SessionQueues queues) : ISessionStore
{
    // The column sent is of former connections, and this one may have sent whatever there is.
    private const string OpenOne =
        """
        INSERT INTO session (key, client_id, expiry, connected, will_delay, edge) VALUES (?1, ?2, ?3, 1, ?4, ?5)
        ON CONFLICT (key) DO UPDATE SET
            expiry = excluded.expiry, sent = iif(connected, last, sent), connected = 1,
            expires_at = NULL, will_delay = excluded.will_delay, will_at = NULL, edge = excluded.edge
        """;

    private const string CloseOne =
        """
        UPDATE session SET
            connected = 0, expiry = ?2, expires_at = ?3, sent = max(sent, ?5),
            will_at = iif(will_delay IS NULL, NULL, ?4), will_delay = iif(?4 IS NULL, NULL, will_delay)
        WHERE key = ?1
        """;

    // In ticks. A session of expiry 0 is here for its will, and ends with it.
    private const string CloseConnected =
        """
        UPDATE session SET
            connected = 0, sent = last,
            will_at = CASE
                WHEN will_delay IS NULL THEN NULL
                WHEN expiry = 0 THEN ?1 + ?2
                ELSE ?1 + min(max(will_delay * 10000000, ?2), expiry * 10000000) END,
            expires_at = CASE
                WHEN expiry = 4294967295 THEN NULL
                WHEN expiry = 0 AND will_delay IS NOT NULL THEN ?1 + ?2
                ELSE ?1 + expiry * 10000000 END
        WHERE connected = 1
        """;

    private const string DelayWills =
        """
        UPDATE session SET will_at = max(will_at, ?1), expires_at = max(expires_at, ?1)
        WHERE due_at < ?1 AND will_at IS NOT NULL
        """;

    private const string PutWill = "INSERT INTO will (session, message) SELECT id, ?2 FROM session WHERE key = ?1";

    private const string ForgetWill = "UPDATE session SET will_delay = NULL, will_at = NULL WHERE key = ?1";

    private const string PutSubscription =
        """
        INSERT INTO subscription
            (session, filter, maximum_qos, no_local, retain_as_published, retain_handling, identifier)
        SELECT id, ?2, ?3, ?4, ?5, ?6, ?7 FROM session WHERE key = ?1
        ON CONFLICT DO UPDATE SET
            maximum_qos = excluded.maximum_qos, no_local = excluded.no_local,
            retain_as_published = excluded.retain_as_published, retain_handling = excluded.retain_handling,
            identifier = excluded.identifier
        """;

    private const string RemoveSubscription =
        "DELETE FROM subscription WHERE session = (SELECT id FROM session WHERE key = ?1) AND filter = ?2";

    private const string RemoveReceived =
        "DELETE FROM received WHERE session = (SELECT id FROM session WHERE key = ?1) AND packet_id = ?2";

    private const string RemoveWill = "DELETE FROM will WHERE session = (SELECT id FROM session WHERE key = ?1)";

    // The last one is the session itself, by which the others are found.
    private static readonly string[] RemoveAll =
    [
        RemoveWill,
        "DELETE FROM subscription WHERE session = (SELECT id FROM session WHERE key = ?1)",
        "DELETE FROM queued WHERE session = (SELECT id FROM session WHERE key = ?1)",
        "DELETE FROM received WHERE session = (SELECT id FROM session WHERE key = ?1)",
        "DELETE FROM session WHERE key = ?1",
    ];

    public Task Open(string session, string clientId, uint expiry, Will? will, bool isNew, string edge)
    {
        var message = will is null ? [] : MessageBlob.Write(will.Message);
        return database.Commit(session.Length + clientId.Length + message.Length, connection =>
        {
            if (isNew)
            {
                Delete(connection, session);
            }

            using var open = connection.Prepare(OpenOne).Bind(1, session).Bind(2, clientId).Bind(3, expiry).Bind(5, edge);
            (will is null ? open.BindNull(4) : open.Bind(4, will.Delay)).Run();
            connection.Prepare(RemoveWill).Bind(1, session).Run();
            if (will is not null)
            {
                connection.Prepare(PutWill).Bind(1, session).Bind(2, message).Run();
            }
        });
    }

    public Task Close(string session, uint expiry, DateTimeOffset? expiresAt, DateTimeOffset? willAt, long sent) =>
        database.Commit(session.Length, connection =>
        {
            connection.Prepare(CloseOne)
                .Bind(1, session).Bind(2, expiry).Bind(3, expiresAt).Bind(4, willAt).Bind(5, sent).Run();
            if (willAt is null)
            {
                connection.Prepare(RemoveWill).Bind(1, session).Run();
            }
        });

    public Task TakeWill(string session) =>
        database.Commit(session.Length, connection =>
        {
            connection.Prepare(ForgetWill).Bind(1, session).Run();
            connection.Prepare(RemoveWill).Bind(1, session).Run();
        });

    public Task Delete(string session) => database.Commit(session.Length, connection => Delete(connection, session));

    public Task CloseAll(DateTimeOffset now, TimeSpan grace) =>
        database.Commit(0, connection =>
        {
            connection.Prepare(DelayWills).Bind(1, now + grace).Run();
            connection.Prepare(CloseConnected).Bind(1, now).Bind(2, grace.Ticks).Run();
        });

    public Task Subscribe(string session, IReadOnlyList<Subscription> subscriptions) =>
        database.Commit(subscriptions.Sum(subscription => (long)subscription.Filter.Length), connection =>
        {
            foreach (var subscription in subscriptions)
            {
                connection.Prepare(PutSubscription)
                    .Bind(1, session)
                    .Bind(2, subscription.Filter)
                    .Bind(3, (long)subscription.MaximumQos)
                    .Bind(4, subscription.NoLocal)
                    .Bind(5, subscription.RetainAsPublished)
                    .Bind(6, (long)subscription.RetainHandling)
                    .Bind(7, subscription.Identifier)
                    .Run();
            }
        });

    public Task Unsubscribe(string session, IReadOnlyList<string> filters) =>
        database.Commit(filters.Sum(filter => (long)filter.Length), connection =>
        {
            foreach (var filter in filters)
            {
                connection.Prepare(RemoveSubscription).Bind(1, session).Bind(2, filter).Run();
            }
        });

    public Task Release(string session, IReadOnlyList<ushort> packetIds) =>
        database.Commit(packetIds.Count, connection =>
        {
            foreach (var packetId in packetIds)
            {
                connection.Prepare(RemoveReceived).Bind(1, session).Bind(2, packetId).Run();
            }
        });

    private static void Delete(Connection connection, string session)
    {
        foreach (var remove in RemoveAll)
        {
            connection.Prepare(remove).Bind(1, session).Run();
        }
    }
}
