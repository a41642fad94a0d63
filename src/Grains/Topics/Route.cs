using System.Collections.Immutable;
using OrleansIoT.Sessions;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Topics;

/// <summary>What stands under a filter in the tree of subscriptions.</summary>
internal interface IRoute;

/// <summary>An edge, with how many of its live sessions subscribe to each filter.</summary>
public sealed class EdgeRoute(IEdge edge) : IRoute
{
    private long _underWay;
    private int _isFailing;

    public IEdge Edge { get; } = edge;

    /// <summary>Bytes of deliveries that the edge has not taken yet.</summary>
    public long UnderWay => Volatile.Read(ref _underWay);

    internal Dictionary<string, int> Filters { get; } = [];

    internal int Connections { get; set; }

    /// <summary>Nobody is connected there any more.</summary>
    internal bool IsGone => Connections == 0;

    internal void Sending(long bytes) => Interlocked.Add(ref _underWay, bytes);

    internal void Taken(long bytes) => Interlocked.Add(ref _underWay, -bytes);

    /// <returns>Whether this is news.</returns>
    internal bool IsFailing(bool failing) => Interlocked.Exchange(ref _isFailing, failing ? 1 : 0) != (failing ? 1 : 0);
}

/// <summary>A connection, by the edge that has it.</summary>
public sealed record LiveConnection(EdgeRoute Edge, string ConnectionId);

/// <summary>A session as topics see it.</summary>
public sealed class SessionRoute(string tenant, string name, bool isDurable)
{
    private volatile LiveConnection? _live;

    /// <summary>Within the tenant: <c>{publisher}/{client id}</c>.</summary>
    public string Name { get; } = name;

    /// <summary>In the store.</summary>
    public string Key { get; } = $"{tenant}/{name}";

    public bool IsDurable { get; } = isDurable;

    /// <summary>Its connection, or null while it is away.</summary>
    public LiveConnection? Live
    {
        get => _live;
        internal set => _live = value;
    }

    /// <summary>
    /// Topic filters of what is never delivered to it. Of a session that has not been connected since the start they are
    /// not known here; its queue is read through them.
    /// </summary>
    internal ImmutableArray<string> Denied { get; set; } = [];

    /// <summary>By filter, as the client wrote it.</summary>
    internal Dictionary<string, Subscription> Subscriptions { get; } = [];

    /// <summary>Of the last that was said of it in the cluster; see <see cref="RouteEntry"/>.</summary>
    internal long Stamp { get; set; }

    /// <summary>Where the grain of its client was when that was said; empty where nothing was.</summary>
    internal string Silo { get; set; } = "";

    internal bool Denies(string topic) => Denies(Denied, topic);

    internal static bool Denies(ImmutableArray<string> denied, string topic)
    {
        foreach (var filter in denied)
        {
            if (TopicFilter.Matches(filter, topic))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>A subscription of a durable session; one a filter, whatever its options.</summary>
internal sealed class DurableRoute(SessionRoute session, Subscription subscription) : IRoute, IEquatable<DurableRoute>
{
    public SessionRoute Session { get; } = session;

    public Subscription Subscription { get; } = subscription;

    public bool Equals(DurableRoute? other) => other?.Session == Session;

    public override bool Equals(object? obj) => Equals(obj as DurableRoute);

    public override int GetHashCode() => Session.GetHashCode();
}

public sealed record ShareMember(SessionRoute Session, Subscription Subscription);

/// <summary>A shared subscription: one filter of one group, with everybody who has it.</summary>
public sealed class Share : IRoute
{
    private uint _turn;

    internal ImmutableArray<ShareMember> Members { get; set; } = [];

    internal uint NextTurn() => Interlocked.Increment(ref _turn);
}
