using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Placement;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Identity;
using OrleansIoT.Grains.Sessions;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Topics;

/// <summary>What is stored of the route table; the routes are not.</summary>
[GenerateSerializer, Alias("iot.RouteTableState")]
public sealed record RouteTableState
{
    /// <summary>Of the last activation: who finds a later one than its own is over.</summary>
    [Id(0)] public long Epoch { get; init; }
}

/// <summary>
/// The table has no routes of its own: it is the copy of the silo that it is on, which is the oldest and so has followed
/// for longest; and every silo says again to a new table what is its own.
/// </summary>
[PreferLocalPlacement]
[KeepAlive]
public sealed partial class RouteTableGrain(
    [PersistentState("routes")] IPersistentState<RouteTableState> state,
    Routes routes,
    ISessionStore store,
    DueSessions due,
    TimeProvider clock,
    ILogger<RouteTableGrain> logger) : TenantGrain, IRouteTableGrain
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>A silo that has not been heard for so long has no lease of the table before either.</summary>
    private static readonly TimeSpan Settling = RouteTables.Lease + TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<string, RouteFollower> _followers = [];
    private ISilos _silos = null!;
    private long _epoch;
    private long _since;
    private bool _isOver;

    private bool IsYoung => clock.GetElapsedTime(_since) < Settling;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _silos = ServiceProvider.GetService<ISilos>() ?? throw Elsewhere();
        if (_silos.Active is not [var oldest, ..] || oldest != _silos.Self)
        {
            throw Elsewhere();
        }

        _epoch = state.State.Epoch + 1;
        state.State = new RouteTableState { Epoch = _epoch };
        await state.WriteStateAsync(cancellationToken);
        if (!routes.IsCurrent)
        {
            await Restore(cancellationToken);
        }

        _since = clock.GetTimestamp();
        this.RegisterGrainTimer(Tick, new GrainTimerCreationOptions(Period, Period) { Interleave = true });
        this.RegisterGrainTimer(Conclude, new GrainTimerCreationOptions(Period, Period) { Interleave = true });
        LogHere(logger, _epoch, _silos.Self);
    }

    public Task<RouteLease> Follow(string silo, IRouteReplica replica, long told)
    {
        DemandHere();
        if (_silos.IsDead(silo))
        {
            throw new FailureException(Failure.Unavailable, "The others have given this silo up."); // it hears so soon, and ends itself
        }

        if (silo == _silos.Self && IsAlone())
        {
            throw new FailureException(Failure.Unavailable, "None of the other silos is heard: they may have given this one up.");
        }

        if (!_followers.TryGetValue(silo, out var follower) || follower.IsOver)
        {
            follower = _followers[silo] = new RouteFollower(silo, replica, _epoch, clock);
        }

        follower.Heard();
        follower.HasTold |= told == _epoch;
        return Task.FromResult(new RouteLease(_epoch, !follower.HasRead, [.. _deadEdges.Keys]));
    }

    public Task Leave(string silo)
    {
        DemandHere();
        if (_followers.Remove(silo, out var follower))
        {
            follower.End();
        }

        return Task.CompletedTask;
    }

    public async Task Change(string silo, ImmutableArray<RouteEntry> entries)
    {
        DemandHere();
        foreach (var entry in entries)
        {
            routes.Apply(entry);
        }

        var told = new HashSet<RouteFollower>();
        while (true)
        {
            var others = _followers.Values.Where(follower => follower.Silo != silo && follower.Silo != _silos.Self && told.Add(follower)).ToList();
            await Task.WhenAll(others.Select(follower => follower.Tell(entries)));
            DemandHere();
            if (others.Count == 0 && (!IsYoung || _silos.Active.All(_followers.ContainsKey)))
            {
                return;
            }

            if (others.Count == 0)
            {
                await Task.Delay(Pause, clock); // who still goes by what the table before has said would miss it
            }
        }
    }

    public async Task<RoutePage> Read(string silo, int from)
    {
        DemandHere();
        while (from == 0 && IsYoung && !_silos.Active.All(active => _followers.GetValueOrDefault(active)?.HasTold is true))
        {
            await Task.Delay(Pause, clock); // what is somebody's own and not said yet would be missing
            DemandHere();
        }

        var follower = _followers.GetValueOrDefault(silo) ?? throw Elsewhere();
        var page = follower.Read(from, routes);
        follower.HasRead |= page.Next is null;
        return page;
    }

    protected override FailureException NotFound() => Elsewhere();

    private static FailureException Elsewhere() => new(Failure.Unavailable, "The route table is not here.");

    /// <summary>It has others beside it, and hears none of them: then its own silo, which it could always hear, is not to answer for its grains.</summary>
    private bool IsAlone() =>
        clock.GetElapsedTime(_since) > RouteTables.Hearing
        && _silos.Active.Any(silo => silo != _silos.Self)
        && !_followers.Values.Any(follower => follower.Silo != _silos.Self && follower.WasHeardWithin(RouteTables.Hearing));

    private void DemandHere()
    {
        Demand((caller, _) => Permissions.IsSystem(caller));
        if (_followers.Values.Any(follower => follower.IsAnothers))
        {
            GiveWay();
        }

        if (_isOver)
        {
            throw Elsewhere();
        }
    }

    /// <summary>Nobody has told this silo anything yet: durable sessions, as the store has them, and the rest is said by the others.</summary>
    private async Task Restore(CancellationToken cancellation)
    {
        foreach (var ofSession in (await store.ReadSubscriptions(cancellation)).GroupBy(stored => stored.Session, stored => stored.Subscription))
        {
            var (tenant, name) = GrainKey.Parse(ofSession.Key);
            routes.Of(tenant).Restore(name, ofSession);
        }
    }

    private async Task Tick(CancellationToken cancellation)
    {
        Caller.System(GrainKey.SystemTenant, "routes").Enter();
        try
        {
            await state.ReadStateAsync(cancellation);
        }
        catch (Exception e)
        {
            LogUnsure(logger, e); // without the store nothing is published either
            return;
        }

        if (state.State.Epoch != _epoch)
        {
            GiveWay();
            return;
        }

        await CheckEdges(cancellation);
        await CheckSilos();
    }

    private async Task Conclude(CancellationToken cancellation)
    {
        Caller.System(GrainKey.SystemTenant, "session clock").Enter();
        await due.Tell(cancellation);
    }

    private void GiveWay()
    {
        if (!_isOver)
        {
            _isOver = true;
            LogOver(logger, _silos.Self);
            DeactivateOnIdle();
        }
    }
}
