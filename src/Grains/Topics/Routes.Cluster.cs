using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Topics;

/// <summary>
/// Where there are several silos: this copy is good for a while after the route table was last heard, and what the grains
/// of this silo change is said to all others. Without a cluster it is always good, and there is nobody to tell.
/// </summary>
public sealed partial class Routes
{
    /// <summary>How long a publication waits for the copy to be good again: less than a device waits for PUBACK.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _renewing = new();
    private IRouteSpread? _spread;
    private long _currentUntil = long.MaxValue;
    private TaskCompletionSource? _renewed;

    /// <summary>Whether there is a network between topics and edges.</summary>
    public bool IsOfCluster => _spread is not null;

    /// <summary>Whether every change that is complete anywhere in the cluster is here. Of an environment without others: yes.</summary>
    public bool IsCurrent => IsGoodFor(TimeSpan.Zero);

    /// <summary>
    /// Whether the route table was heard so shortly ago that the others cannot have given this silo up: sooner than a copy is not
    /// current any more, and sooner than a silo is declared dead.
    /// </summary>
    public bool IsHeard => IsGoodFor(RouteTables.Lease - RouteTables.Hearing);

    /// <summary>Complete when <see cref="IsCurrent"/>.</summary>
    /// <exception cref="FailureException">Unavailable: that takes too long.</exception>
    public Task BecomeCurrent() => Become(static routes => routes.IsCurrent, Patience);

    /// <summary>Complete when <see cref="IsHeard"/>.</summary>
    /// <exception cref="FailureException">Unavailable: that takes too long.</exception>
    public Task BecomeHeard(TimeSpan patience) => Become(static routes => routes.IsHeard, patience);

    /// <summary>A session's route has changed here. Complete when every topic of the cluster knows.</summary>
    /// <exception cref="FailureException">Unavailable: not all of them could be told in time.</exception>
    internal Task Spread(TenantRoutes tenant, SessionRoute route) => _spread?.Spread(tenant, route) ?? Task.CompletedTask;

    /// <summary>Nothing counts until <see cref="Renew"/>.</summary>
    internal void BelongTo(IRouteSpread cluster)
    {
        _spread = cluster;
        Volatile.Write(ref _currentUntil, 0);
    }

    /// <param name="until">In ticks of the environment; 0 for not at all any more. An earlier one than before changes nothing.</param>
    internal void Renew(long until)
    {
        lock (_renewing)
        {
            Volatile.Write(ref _currentUntil, until == 0 ? 0 : Math.Max(until, _currentUntil));
            _renewed?.TrySetResult();
            _renewed = null;
        }
    }

    internal void Apply(RouteEntry entry)
    {
        var (tenant, session) = GrainKey.Parse(entry.Session);
        Of(tenant).Apply(entry, session);
    }

    /// <summary>Of every session of every tenant that something is to be routed to, as of now.</summary>
    internal List<RouteEntry> Entries() => [.. _tenants.Values.SelectMany(tenant => tenant.Entries())];

    private bool IsGoodFor(TimeSpan time) => Volatile.Read(ref _currentUntil) is var until
        && (until == long.MaxValue || Environment.TickCount64 <= until - (long)time.TotalMilliseconds);

    private async Task Become(Func<Routes, bool> isGood, TimeSpan patience)
    {
        var until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (!isGood(this))
        {
            var left = until - Environment.TickCount64;
            try
            {
                await Renewed(isGood).WaitAsync(TimeSpan.FromMilliseconds(Math.Max(0, left)));
            }
            catch (TimeoutException e)
            {
                throw new FailureException(Failure.Unavailable, "This silo does not hear the others. Try again.", e);
            }
        }
    }

    private Task Renewed(Func<Routes, bool> isGood)
    {
        lock (_renewing)
        {
            return isGood(this)
                ? Task.CompletedTask
                : (_renewed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}

/// <summary>Says changes of routes to the other silos.</summary>
internal interface IRouteSpread
{
    Task Spread(TenantRoutes tenant, SessionRoute route);
}
