using Npgsql;
using OrleansIoT.Sessions;

namespace OrleansIoT.History.Postgres;

internal sealed partial class PostgresSessionStore
{
    // Behind the slash comes '0'. A client identifier may contain slashes, so the range alone would not do.
    private const string SessionsOf =
        """
        SELECT session.id, key, client_id, expiry, connected, expires_at, will_delay, will_at,
            CASE WHEN connected THEN last ELSE sent END, last, queued, dropped, will.message
        FROM session LEFT JOIN will ON will.session = session.id AND will_delay IS NOT NULL
        WHERE key >= $1::text || '/' AND key < $1::text || '0' AND key = $1::text || '/' || client_id
        ORDER BY session.id
        """;

    private const string SubscriptionColumns =
        "filter, maximum_qos, no_local, retain_as_published, retain_handling, identifier";

    private const string SubscriptionsOf = $"SELECT {SubscriptionColumns} FROM subscription WHERE session = $1 ORDER BY filter";

    private const string AllSubscriptions =
        $"SELECT {SubscriptionColumns}, key FROM subscription JOIN session ON session.id = subscription.session";

    private const string ReceivedOf = "SELECT packet_id FROM received WHERE session = $1 ORDER BY packet_id";

    // From edge to edge, however many sessions each of them has.
    private const string Edges =
        """
        WITH RECURSIVE found AS (
            (SELECT edge FROM session WHERE connected ORDER BY edge LIMIT 1)
            UNION ALL
            SELECT (SELECT edge FROM session WHERE connected AND edge > found.edge ORDER BY edge LIMIT 1)
            FROM found WHERE found.edge IS NOT NULL)
        SELECT edge FROM found WHERE edge IS NOT NULL
        """;

    private const string ConnectedTo = "SELECT key FROM session WHERE connected AND edge = $1 LIMIT $2";

    private const string Due = "SELECT key FROM session WHERE due_at <= $1 ORDER BY due_at LIMIT $2";

    public Task<IReadOnlyList<StoredSession>> ReadSessions(string publisher, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<StoredSession>>(
            connection =>
            {
                var sessions = connection.All(row => (Id: row.GetInt64(0), Session: Session(row)), SessionsOf, publisher);
                return [.. sessions.Select(found => found.Session with
                {
                    Subscriptions = [.. connection.All(Subscription, SubscriptionsOf, found.Id)],
                    Received = [.. connection.All(row => (ushort)row.GetInt32(0), ReceivedOf, found.Id)],
                })];
            },
            cancellation);

    public Task<IReadOnlyList<StoredSubscription>> ReadSubscriptions(CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<StoredSubscription>>(
            connection => connection.All(row => new StoredSubscription(row.Text(6), Subscription(row)), AllSubscriptions),
            cancellation);

    public Task<IReadOnlyList<string>> ReadEdges(CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<string>>(connection => connection.All(row => row.Text(0), Edges), cancellation);

    public Task<IReadOnlyList<string>> ReadConnected(string edge, int limit, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<string>>(
            connection => connection.All(row => row.Text(0), ConnectedTo, edge, (long)limit), cancellation);

    public Task<IReadOnlyList<string>> ReadDue(
        DateTimeOffset now, int limit, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<string>>(
            connection => connection.All(row => row.Text(0), Due, now, (long)limit), cancellation);

    private static StoredSession Session(NpgsqlDataReader row) => new(
        row.Text(1),
        row.Text(2),
        (uint)row.GetInt64(3),
        row.GetBoolean(4),
        row.TimeOrNull(5),
        row.IsDBNull(6) ? null : new Will(MessageBlob.Read(row.Bytes(12)), (uint)row.GetInt64(6)),
        row.TimeOrNull(7),
        row.GetInt64(8),
        row.GetInt64(9),
        row.GetInt64(10),
        row.GetInt64(11));

    private static Subscription Subscription(NpgsqlDataReader row) => new(
        row.Text(0),
        (Qos)row.GetInt32(1),
        row.GetBoolean(2),
        row.GetBoolean(3),
        (RetainHandling)row.GetInt32(4),
        (uint)row.GetInt64(5));
}
