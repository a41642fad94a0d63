using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>
/// Which of the tenants that are connected here have been deactivated: a tenant's grain could not call all of its devices,
/// which may be a million, within seconds. Once a second one call asks for news of anybody (<see cref="IRevocationsGrain"/>),
/// and only a tenant that is in them, or is new here, is asked about. The installation's own tenant is always active.
/// </summary>
internal sealed partial class TenantWatch(IGrainFactory grains, TimeProvider time, ILogger<TenantWatch> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>After so many rounds in which no connection has asked, a tenant is forgotten.</summary>
    private const int MaxIdle = 5;

    private readonly ConcurrentDictionary<string, Watched> _tenants = new();
    private Guid _epoch;
    private long _version;

    /// <summary>Whether the tenant was active when it was last heard of; every connection asks every second.</summary>
    public bool IsOut(string tenant)
    {
        if (tenant == GrainKey.DefaultTenant)
        {
            return false;
        }

        var watched = _tenants.GetOrAdd(tenant, static _ => new Watched());
        watched.Idle = 0;
        return watched.IsOut;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        var isFailing = false;
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await Listen();
                    isFailing = false;
                }
                catch (Exception e)
                {
                    if (!isFailing && !stoppingToken.IsCancellationRequested)
                    {
                        isFailing = true;
                        LogDeaf(log, e);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task Listen()
    {
        foreach (var (tenant, watched) in _tenants)
        {
            if (++watched.Idle > MaxIdle)
            {
                _tenants.TryRemove(tenant, out _);
            }
        }

        if (_tenants.IsEmpty)
        {
            _epoch = Guid.Empty; // whoever comes is asked about when it comes
            return;
        }

        Caller.SigningIn(GrainKey.SystemTenant, "edge").Enter();
        var news = await grains.Revocations().Since(_epoch, _version);
        foreach (var (tenant, watched) in _tenants)
        {
            if (!watched.IsKnown || !news.IsComplete || news.Holders.Contains($"{tenant}/"))
            {
                watched.IsKnown = false; // until the answer is there
                watched.IsOut = !await grains.Tenancy(tenant).IsActive();
                watched.IsKnown = true;
            }
        }

        (_epoch, _version) = (news.Epoch, news.Version);
    }

    private sealed class Watched
    {
        public volatile bool IsOut;
        public volatile int Idle;

        /// <summary>Only the loop looks at it.</summary>
        public bool IsKnown { get; set; }
    }

    [LoggerMessage(LogLevel.Warning, "Nothing is heard of tenants that may have been deactivated; asked again every second, said once")]
    private static partial void LogDeaf(ILogger logger, Exception exception);
}
