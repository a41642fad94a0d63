using System.Collections.Immutable;
using OrleansIoT.DeviceEdge.Topics;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>What grains call: this process, for all of its connections.</summary>
internal sealed class Edge : IEdge
{
    private readonly RecentDeliveries _recent = new();
    private readonly LiveSessions _live;
    private readonly Deliveries _deliveries;
    private readonly Lazy<IEdge> _reference;

    public Edge(LiveSessions live, Deliveries deliveries, IGrainFactory grains)
    {
        _live = live;
        _deliveries = deliveries;
        _reference = new Lazy<IEdge>(() => grains.CreateObjectReference<IEdge>(this)); // the engine runs when the first client comes
    }

    /// <summary>By which a cluster knows this process; empty outside of one.</summary>
    public string Name { get; set; } = "";

    /// <summary>This, for a grain. Engines hold what they refer to weakly; the container holds it for as long as it lives.</summary>
    public IEdge Reference => _reference.Value;

    public Task Deliver(ImmutableArray<Delivery> deliveries, long number)
    {
        if (_recent.IsNew(number))
        {
            foreach (var delivery in deliveries)
            {
                _deliveries.Deliver(delivery);
            }
        }

        return Task.CompletedTask;
    }

    public Task End(string connectionId, ConnectionEnd why) => _live.Find(connectionId) is not { } session ? Task.CompletedTask
        : why == ConnectionEnd.Forgotten ? session.Resume()
        : session.Expel(why);
}
