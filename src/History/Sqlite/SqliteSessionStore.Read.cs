using OrleansIoT.Sessions;

namespace OrleansIoT.History.Sqlite;

internal sealed partial class SqliteSessionStore
{
    // Behind the slash comes '0'. A client identifier may contain slashes, so the range alone would not do.
    private const string SessionsOf =
        """
        SELECT id, key, client_id, expiry, connected, expires_at, will_delay, will_at,
            iif(connected, last, sent), last, queued, dropped
        FROM session
        WHERE key >= ?1 || '/' AND key < ?1 || '0' AND key = ?1 || '/' || client_id
        ORDER BY id
        """;

    private const string WillOf = "SELECT message FROM will WHERE session = ?1";

    private const string SubscriptionColumns =
        "filter, maximum_qos, no_local, retain_as_published, retain_handling, identifier";

    private const string SubscriptionsOf = $"SELECT {SubscriptionColumns} FROM subscription WHERE session = ?1";

    private const string AllSubscriptions =
        $"SELECT {SubscriptionColumns}, key FROM subscription JOIN session ON session.id = subscription.session";

    private const string ReceivedOf = "SELECT packet_id FROM received WHERE session = ?1";

    private const string Edges = "SELECT DISTINCT edge FROM session WHERE connected = 1";

    private const string ConnectedTo = "SELECT key FROM session WHERE connected = 1 AND edge = ?1 LIMIT ?2";

    private const string Due = "SELECT key FROM session WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";

    public Task<IReadOnlyList<StoredSession>> ReadSessions(string publisher, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<StoredSession>>(
            connection =>
            {
                using var rows = connection.Prepare(SessionsOf).Bind(1, publisher);
                return [.. All(rows, row => Session(connection, row))];
            },
            cancellation);

    public Task<IReadOnlyList<StoredSubscription>> ReadSubscriptions(CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<StoredSubscription>>(
            connection =>
            {
                using var rows = connection.Prepare(AllSubscriptions);
                return [.. All(rows, row => new StoredSubscription(row.Text(6), Subscription(row)))];
            },
            cancellation);

    public Task<IReadOnlyList<string>> ReadEdges(CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<string>>(
            connection =>
            {
                using var rows = connection.Prepare(Edges);
                return [.. All(rows, row => row.Text(0))];
            },
            cancellation);

    public Task<IReadOnlyList<string>> ReadConnected(string edge, int limit, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<string>>(
            connection =>
            {
                using var rows = connection.Prepare(ConnectedTo).Bind(1, edge).Bind(2, limit);
                return [.. All(rows, row => row.Text(0))];
            },
            cancellation);

    public Task<IReadOnlyList<string>> ReadDue(
        DateTimeOffset now, int limit, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<string>>(
            connection =>
            {
                using var rows = connection.Prepare(Due).Bind(1, now).Bind(2, limit);
                return [.. All(rows, row => row.Text(0))];
            },
            cancellation);

    private static StoredSession Session(Connection connection, Statement row)
    {
        using var subscriptions = connection.Prepare(SubscriptionsOf).Bind(1, row.Int64(0));
        using var received = connection.Prepare(ReceivedOf).Bind(1, row.Int64(0));
        return new StoredSession(
            row.Text(1),
            row.Text(2),
            (uint)row.Int64(3),
            row.Bool(4),
            row.TimeOrNull(5),
            row.IsNull(6) ? null : Will(connection, row.Int64(0), (uint)row.Int64(6)),
            row.TimeOrNull(7),
            row.Int64(8),
            row.Int64(9),
            row.Int64(10),
            row.Int64(11))
        {
            Subscriptions = [.. All(subscriptions, Subscription)],
            Received = [.. All(received, id => (ushort)id.Int64(0))],
        };
    }

    private static Will Will(Connection connection, long session, uint delay)
    {
        using var row = connection.Prepare(WillOf).Bind(1, session);
        return row.Step()
            ? new Will(MessageBlob.Read(row.Blob(0)), delay)
            : throw new InvalidDataException($"Session {session} has a will, which is not in the database.");
    }

    private static Subscription Subscription(Statement row) => new(
        row.Text(0),
        (Qos)row.Int64(1),
        row.Bool(2),
        row.Bool(3),
        (RetainHandling)row.Int64(4),
        (uint)row.Int64(5));

    private static IEnumerable<T> All<T>(Statement rows, Func<Statement, T> read)
    {
        while (rows.Step())
        {
            yield return read(rows);
        }
    }
}
