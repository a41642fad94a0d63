using System.Collections.Immutable;
using OrleansIoT.DeviceEdge.Sessions;

namespace OrleansIoT.DeviceEdge.Topics;

/// <summary>A session that messages are delivered to, for as long as its connection is there.</summary>
/// <param name="connectionId">Its connection.</param>
/// <param name="tenant">Whose topics it hears.</param>
/// <param name="session">What the grain said of it at CONNECT.</param>
/// <param name="outbox">Where its messages go.</param>
internal sealed class Subscriber(string connectionId, string tenant, SessionOpened session, Outbox outbox)
{
    public string ConnectionId => connectionId;

    public string Tenant => tenant;

    /// <summary>Its name, for No Local.</summary>
    public string Session => session.Session;

    public bool IsDurable => session.IsDurable;

    /// <summary>Filters of what it never hears.</summary>
    public ImmutableArray<string> Denied => session.Denied;

    public Outbox Outbox => outbox;
}
