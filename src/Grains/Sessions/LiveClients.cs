using System.Collections.Concurrent;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Sessions;

/// <summary>Which clients of this silo are connected by way of which edge, so that they hear when it dies. In a cluster only.</summary>
public sealed class LiveClients(IGrainFactory grains)
{
    /// <summary>How many are told at a time.</summary>
    private const int Batch = 100;

    private readonly ConcurrentDictionary<string, ConcurrentDictionary<(string Tenant, string Publisher), int>> _edges = [];
    private readonly ConcurrentDictionary<string, bool> _lost = [];

    /// <summary>The edge is dead. No later one has the same name.</summary>
    internal bool IsLost(string edge) => _lost.ContainsKey(edge);

    internal void Add(string edge, string tenant, string publisher)
    {
        if (edge.Length > 0)
        {
            _edges.GetOrAdd(edge, static _ => []).AddOrUpdate((tenant, publisher), 1, static (_, connections) => connections + 1);
        }
    }

    internal void Remove(string edge, string tenant, string publisher)
    {
        if (_edges.TryGetValue(edge, out var clients)
            && clients.AddOrUpdate((tenant, publisher), 0, static (_, connections) => connections - 1) <= 0)
        {
            clients.TryRemove(new((tenant, publisher), 0));
        }
    }

    /// <summary>Complete when all of them know.</summary>
    internal async Task Lose(string edge)
    {
        _lost[edge] = true;
        if (!_edges.TryGetValue(edge, out var clients))
        {
            return;
        }

        foreach (var batch in clients.Keys.Chunk(Batch))
        {
            await Task.WhenAll(batch.Select(client => Tell(client.Tenant, client.Publisher, edge)));
        }

        _edges.TryRemove(edge, out _);
    }

    private async Task Tell(string tenant, string publisher, string edge)
    {
        Caller.System(tenant, "edge lost").Enter();
        await grains.Client(tenant, publisher).EdgeLost(edge);
    }
}
