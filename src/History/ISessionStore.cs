using System.Collections.Immutable;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History;

/// <summary>A session that is stored.</summary>
/// <param name="Key"><c>{tenant}/{session}</c>; a session's name is <c>{publisher}/{client id}</c>.</param>
/// <param name="ClientId">The client identifier.</param>
/// <param name="Expiry">Seconds that it outlives its connection; 0 when it is here for its will only, 4,294,967,295 for ever.</param>
/// <param name="IsConnected">Its connection has not ended, or the process died before it could say so.</param>
/// <param name="ExpiresAt">When it ends unless the client comes back; null while connected or for ever.</param>
/// <param name="Will">What to publish when the connection ends, or is due to be published since it has; null for none.</param>
/// <param name="WillAt">When the will is due; null while connected or without a will.</param>
/// <param name="Sent">The greatest number of its queue that may have been sent; while connected that is the last one.</param>
/// <param name="Last">The last number of its queue; 0 for none ever.</param>
/// <param name="Queued">How many messages wait in its queue.</param>
/// <param name="Dropped">How many its full queue has dropped, ever.</param>
public sealed record StoredSession(
    string Key,
    string ClientId,
    uint Expiry,
    bool IsConnected,
    DateTimeOffset? ExpiresAt,
    Will? Will,
    DateTimeOffset? WillAt,
    long Sent,
    long Last,
    long Queued,
    long Dropped)
{
    public ImmutableArray<Subscription> Subscriptions { get; init; } = [];

    /// <summary>Packet identifiers of QoS 2 that were received and not released.</summary>
    public ImmutableArray<ushort> Received { get; init; } = [];
}

/// <summary>A subscription of a durable session.</summary>
/// <param name="Session">The session's key.</param>
public sealed record StoredSubscription(string Session, Subscription Subscription);

/// <summary>
/// MQTT sessions and retained messages that survive a crash, in the same group commits as the history: never an fsync a
/// packet. Sessions are named by key, <c>{tenant}/{session}</c>. A write is complete when it is durable, and fails as
/// <see cref="ITelemetryHistory.Append"/> does. Writes are committed in the order of the calls. A write to a session that
/// is not there changes nothing and succeeds.
/// </summary>
public interface ISessionStore
{
    /// <summary>The sessions of a publisher (<c>{tenant}/{publisher}</c>) with subscriptions and packet identifiers, oldest first.</summary>
    Task<IReadOnlyList<StoredSession>> ReadSessions(string publisher, CancellationToken cancellation = default);

    /// <summary>A connection begins: adds the session, or opens the one that is there (its queue, subscriptions and identifiers stay). Its will is replaced.</summary>
    /// <param name="isNew">What is there of that key is thrown away first, its queue, subscriptions and identifiers too.</param>
    /// <param name="edge">Where the connection is, in a cluster.</param>
    Task Open(string session, string clientId, uint expiry, Will? will, bool isNew, string edge = "");

    /// <summary>The connection has ended. A will without a time is taken away.</summary>
    /// <param name="session">The session's key.</param>
    /// <param name="expiry">Seconds that the session outlives its connection.</param>
    /// <param name="expiresAt">Null for never.</param>
    /// <param name="willAt">Null when the will is not to be published.</param>
    /// <param name="sent">The greatest number of its queue that this connection was sent; what a former one was sent stays.</param>
    Task Close(string session, uint expiry, DateTimeOffset? expiresAt, DateTimeOffset? willAt, long sent);

    /// <summary>The will was published.</summary>
    Task TakeWill(string session);

    /// <summary>The session is over: it, its subscriptions, queue and identifiers are removed.</summary>
    Task Delete(string session);

    /// <summary>
    /// At the start, before anybody connects: every session that is connected by what is stored has lost its connection with
    /// the process. It is closed now; its will is due after its delay, at least <paramref name="grace"/>, and at most its expiry.
    /// One of expiry 0 ends when its will is due, after <paramref name="grace"/>. Anything in the queues may have been sent.
    /// A will that a session closed before left behind is not due before <paramref name="grace"/> either, and the session lasts as long.
    /// </summary>
    Task CloseAll(DateTimeOffset now, TimeSpan grace);

    Task Subscribe(string session, IReadOnlyList<Subscription> subscriptions);

    Task Unsubscribe(string session, IReadOnlyList<string> filters);

    /// <summary>Puts messages into the session's queue with the RETAIN flag set, as at a subscription its retained messages. At least one.</summary>
    /// <returns>The last number of the queue.</returns>
    Task<long> Enqueue(string session, IReadOnlyList<(TelemetryMessage Message, Qos Qos, ImmutableArray<uint> SubscriptionIds)> retained);

    Task Settle(string session, IReadOnlyList<Settlement> settlements);

    Task Release(string session, IReadOnlyList<ushort> packetIds);

    /// <summary>What stands in the queue behind a number, ascending, up to so many messages and about so many bytes, at least one.</summary>
    Task<IReadOnlyList<QueuedMessage>> ReadQueue(
        string session, long after, int count, int bytes, CancellationToken cancellation = default);

    /// <summary>The subscriptions of all sessions, for the start; in any order.</summary>
    Task<IReadOnlyList<StoredSubscription>> ReadSubscriptions(CancellationToken cancellation = default);

    /// <summary>Every edge that some session is connected to, by what is stored.</summary>
    Task<IReadOnlyList<string>> ReadEdges(CancellationToken cancellation = default);

    /// <summary>Keys of sessions that are connected to an edge by what is stored, in any order.</summary>
    Task<IReadOnlyList<string>> ReadConnected(string edge, int limit, CancellationToken cancellation = default);

    /// <summary>Keys of sessions whose will or end is due, the earliest first.</summary>
    Task<IReadOnlyList<string>> ReadDue(DateTimeOffset now, int limit, CancellationToken cancellation = default);

    /// <summary>Retained messages of a tenant whose topics match, ascending by topic; expired ones are left out.</summary>
    /// <param name="from">The page begins with the first topic behind this one; null for the beginning.</param>
    Task<RetainedPage> ReadRetained(
        string tenant, string filter, string? from, int count, int bytes, DateTimeOffset now, CancellationToken cancellation = default);

    /// <summary>The topics whose retained message is this publisher's (<c>{tenant}/{publisher}</c>), ascending and without the tenant.</summary>
    Task<IReadOnlyList<string>> ReadRetainedTopics(string publisher, int limit, CancellationToken cancellation = default);
}
