using Microsoft.Extensions.Options;
using Npgsql;
using OrleansIoT.Sessions;

namespace OrleansIoT.History.Postgres;

/// <summary>A row a session; its will, subscriptions, queue and packet identifiers in tables of their own.</summary>
internal sealed partial class PostgresSessionStore(PostgresDatabase database, IOptions<HistoryOptions> bounds) : ISessionStore
{
    // The column sent is of former connections, and this one may have sent whatever there is.
    private const string OpenOne =
        """
        INSERT INTO session (key, client_id, expiry, connected, will_delay, edge) VALUES ($1, $2, $3, true, $4, $5)
        ON CONFLICT (key) DO UPDATE SET
            expiry = excluded.expiry, sent = CASE WHEN session.connected THEN session.last ELSE session.sent END,
            connected = true, expires_at = NULL, will_delay = excluded.will_delay, will_at = NULL, edge = excluded.edge
        """;

    private const string CloseOne =
        """
        UPDATE session SET
            connected = false, expiry = $2, expires_at = $3::bigint, sent = greatest(sent, $5),
            will_at = CASE WHEN will_delay IS NULL THEN NULL ELSE $4::bigint END,
            will_delay = CASE WHEN $4::bigint IS NULL THEN NULL ELSE will_delay END
        WHERE key = $1
        """;

    // In ticks. A session of expiry 0 is here for its will, and ends with it.
    private const string CloseConnected =
        """
        UPDATE session SET
            connected = false, sent = last,
            will_at = CASE
                WHEN will_delay IS NULL THEN NULL
                WHEN expiry = 0 THEN $1 + $2
                ELSE $1 + least(greatest(will_delay * 10000000, $2), expiry * 10000000) END,
            expires_at = CASE
                WHEN expiry = 4294967295 THEN NULL
                WHEN expiry = 0 AND will_delay IS NOT NULL THEN $1 + $2
                ELSE $1 + expiry * 10000000 END
        WHERE connected
        """;

    private const string DelayWills =
        """
        UPDATE session SET
            will_at = greatest(will_at, $1), expires_at = CASE WHEN expires_at IS NULL THEN NULL ELSE greatest(expires_at, $1) END
        WHERE due_at < $1 AND will_at IS NOT NULL
        """;

    private const string PutWill = "INSERT INTO will (session, message) SELECT id, $2 FROM session WHERE key = $1";

    private const string ForgetWill = "UPDATE session SET will_delay = NULL, will_at = NULL WHERE key = $1";

    private const string PutSubscription =
        """
        INSERT INTO subscription
            (session, filter, maximum_qos, no_local, retain_as_published, retain_handling, identifier)
        SELECT id, $2, $3, $4, $5, $6, $7 FROM session WHERE key = $1
        ON CONFLICT (session, filter) DO UPDATE SET
            maximum_qos = excluded.maximum_qos, no_local = excluded.no_local,
            retain_as_published = excluded.retain_as_published, retain_handling = excluded.retain_handling,
            identifier = excluded.identifier
        """;

    private const string RemoveSubscriptions =
        "DELETE FROM subscription WHERE session = (SELECT id FROM session WHERE key = $1) AND filter = ANY ($2)";

    private const string RemoveReceived =
        "DELETE FROM received WHERE session = (SELECT id FROM session WHERE key = $1) AND packet_id = ANY ($2)";

    private const string RemoveWill = "DELETE FROM will WHERE session = (SELECT id FROM session WHERE key = $1)";

    // The last one is the session itself, by which the others are found.
    private static readonly string[] RemoveAll =
    [
        RemoveWill,
        "DELETE FROM subscription WHERE session = (SELECT id FROM session WHERE key = $1)",
        "DELETE FROM queued WHERE session = (SELECT id FROM session WHERE key = $1)",
        "DELETE FROM received WHERE session = (SELECT id FROM session WHERE key = $1)",
        "DELETE FROM session WHERE key = $1",
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

            connection.Run(OpenOne, session, clientId, expiry, will?.Delay, edge);
            connection.Run(RemoveWill, session);
            if (will is not null)
            {
                connection.Run(PutWill, session, message);
            }
        }, session);
    }

    public Task Close(string session, uint expiry, DateTimeOffset? expiresAt, DateTimeOffset? willAt, long sent) =>
        database.Commit(session.Length, connection =>
        {
            connection.Run(CloseOne, session, expiry, expiresAt, willAt, sent);
            if (willAt is null)
            {
                connection.Run(RemoveWill, session);
            }
        }, session);

    public Task TakeWill(string session) =>
        database.Commit(session.Length, connection =>
        {
            connection.Run(ForgetWill, session);
            connection.Run(RemoveWill, session);
        }, session);

    public Task Delete(string session) => database.Commit(session.Length, connection => Delete(connection, session), session);

    public Task CloseAll(DateTimeOffset now, TimeSpan grace) =>
        database.Commit(0, connection =>
        {
            connection.Run(DelayWills, now + grace);
            connection.Run(CloseConnected, now, grace.Ticks);
        });

    public Task Subscribe(string session, IReadOnlyList<Subscription> subscriptions) =>
        database.Commit(subscriptions.Sum(subscription => (long)subscription.Filter.Length), connection =>
        {
            foreach (var subscription in subscriptions)
            {
                connection.Run(
                    PutSubscription,
                    session,
                    subscription.Filter,
                    (int)subscription.MaximumQos,
                    subscription.NoLocal,
                    subscription.RetainAsPublished,
                    (int)subscription.RetainHandling,
                    subscription.Identifier);
            }
        }, session);

    public Task Unsubscribe(string session, IReadOnlyList<string> filters) =>
        database.Commit(filters.Sum(filter => (long)filter.Length), connection =>
        {
            connection.Run(RemoveSubscriptions, session, filters.ToArray());
        }, session);

    public Task Release(string session, IReadOnlyList<ushort> packetIds) =>
        database.Commit(packetIds.Count, connection =>
        {
            connection.Run(RemoveReceived, session, packetIds.Select(id => (int)id).ToArray());
        }, session);

    private static void Delete(NpgsqlConnection connection, string session)
    {
        foreach (var remove in RemoveAll)
        {
            connection.Run(remove, session);
        }
    }
}
