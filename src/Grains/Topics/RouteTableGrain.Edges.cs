using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Sessions;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Topics;

/// <summary>
/// Which edges and silos there are no more. A dead edge's connections are lost: grains of clients that are awake hear it by
/// their silo (<see cref="LiveClients"/>); those that died with a silo of their own are found in the store. A dead silo's
/// connections are ended by their edges, who see that it is gone.
/// </summary>
public sealed partial class RouteTableGrain
{
    /// <summary>How many clients are told at a time.</summary>
    private const int Batch = 100;

    private static readonly TimeSpan DeadLimit = TimeSpan.FromMinutes(1);

    /// <summary>How long edges have to end the connections of a silo that died.</summary>
    private static readonly TimeSpan OrphanLimit = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, long> _edges = [];
    private readonly Dictionary<string, long> _deadEdges = [];
    private readonly Dictionary<string, long> _goneSilos = [];
    private ImmutableArray<string> _lastActive = [];
    private bool _hasLookedForLost;

    public Task<ImmutableArray<string>> KeepEdge(string edge)
    {
        DemandEdge();
        if (_deadEdges.ContainsKey(edge))
        {
            throw new FailureException(Failure.Conflict, "The edge was silent for too long, and its connections are lost.");
        }

        _edges[edge] = clock.GetTimestamp();
        return Task.FromResult(_silos.Active);
    }

    public Task LeaveEdge(string edge)
    {
        DemandEdge();
        _edges.Remove(edge);
        return Task.CompletedTask;
    }

    private void DemandEdge()
    {
        Demand(Permissions.MayCheckCredentials);
        if (_isOver)
        {
            throw Elsewhere();
        }
    }

    private async Task CheckEdges(CancellationToken cancellation)
    {
        foreach (var (edge, heardAt) in _edges.ToList())
        {
            if (clock.GetElapsedTime(heardAt) > RouteTables.EdgeLease + Period)
            {
                _edges.Remove(edge);
                Bury(edge);
            }
        }

        foreach (var (edge, since) in _deadEdges.ToList())
        {
            if (clock.GetElapsedTime(since) > DeadLimit)
            {
                _deadEdges.Remove(edge);
            }
        }

        // Edges that died together with the silo of the table before are known to the store only.
        if (!_hasLookedForLost && clock.GetElapsedTime(_since) > RouteTables.EdgeLease + Period)
        {
            foreach (var edge in await store.ReadEdges(cancellation))
            {
                if (!_edges.ContainsKey(edge) && !_deadEdges.ContainsKey(edge))
                {
                    Bury(edge);
                }
            }

            _hasLookedForLost = true;
        }
    }

    private void Bury(string edge)
    {
        LogEdgeLost(logger, edge);
        _deadEdges[edge] = clock.GetTimestamp();
        _ = TellLost(edge);
    }

    /// <summary>Until nobody is connected there by what is stored.</summary>
    private async Task TellLost(string edge)
    {
        while (!_isOver && _deadEdges.ContainsKey(edge))
        {
            try
            {
                IReadOnlyList<string> sessions;
                while ((sessions = await store.ReadConnected(edge, Batch)).Count > 0)
                {
                    await Task.WhenAll(sessions.Select(session => TellLost(session, edge)));
                }

                return;
            }
            catch (Exception e)
            {
                LogTellFailed(logger, edge, e);
                await Task.Delay(Period, clock);
            }
        }
    }

    private async Task TellLost(string session, string edge)
    {
        var (tenant, name) = SessionName.ParseKey(session);
        Caller.System(tenant, "edge lost").Enter();
        await GrainFactory.Client(tenant, name.Publisher).EdgeLost(edge);
    }

    private async Task CheckSilos()
    {
        var active = _silos.Active;
        foreach (var gone in _lastActive.Except(active))
        {
            _goneSilos[gone] = clock.GetTimestamp();
        }

        if (_lastActive.IsEmpty)
        {
            _goneSilos[""] = _since; // whoever went before this table was here
        }

        _lastActive = active;
        foreach (var (silo, since) in _goneSilos.ToList())
        {
            if (clock.GetElapsedTime(since) > OrphanLimit)
            {
                _goneSilos.Remove(silo);
                await EndOrphans(silo, active);
            }
        }
    }

    /// <summary>Routes to connections whose client's grain died with its silo, and that nobody has taken over.</summary>
    private async Task EndOrphans(string silo, ImmutableArray<string> active)
    {
        var now = clock.GetUtcNow().UtcTicks;
        ImmutableArray<RouteEntry> orphans = [.. routes.Entries()
            .Where(entry => entry.Edge is not null && !active.Contains(entry.Silo))
            .Select(entry => entry with
            {
                Stamp = Math.Max(now, entry.Stamp + 1),
                Edge = null,
                ConnectionId = null,
                Subscriptions = entry.IsDurable ? entry.Subscriptions : [],
            })];
        if (!orphans.IsEmpty)
        {
            LogSiloLost(logger, silo);
            await Change("", orphans);
        }
    }
}
