using System.Collections.Immutable;
using OrleansIoT.DeviceEdge.Sessions;
using OrleansIoT.Topics;

namespace OrleansIoT.DeviceEdge.Topics;

/// <summary>A session that messages are delivered to, for as long as its connection is there.</summary>
/// <param name="connectionId">Its connection.</param>
/// <param name="tenant">Whose topics it hears.</param>
/// <param name="opened">What the grain said of it at CONNECT.</param>
/// <param name="outbox">Where its messages go.</param>
internal sealed class Subscriber(string connectionId, string tenant, SessionOpened opened, Outbox outbox)
{
    private readonly ImmutableArray<string> _denied = opened.Denied;

    public string ConnectionId { get; } = connectionId;

    public string Tenant { get; } = tenant;

    /// <summary>Its name, for No Local.</summary>
    public string Session { get; } = opened.Session;

    public bool IsDurable { get; } = opened.IsDurable;

    public Outbox Outbox { get; } = outbox;

    /// <summary>What it subscribes to here, for <see cref="Deliveries"/>.</summary>
    public HashSet<string> Filters { get; } = [];

    /// <summary>It never hears this topic, whatever it subscribes to.</summary>
    public bool IsDenied(string topic)
    {
        foreach (var filter in _denied)
        {
            if (TopicFilter.Matches(filter, topic))
            {
                return true;
            }
        }

        return false;
    }
}
