using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansIoT.Devices;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Devices;

/// <summary>
/// Tells the fleet of each tenant, once a second, what has changed in this silo. A fleet that has not heard of the silo gets
/// everything, so neither end has to remember the other.
/// </summary>
internal sealed partial class FleetReporter(
    Presence presence, IGrainFactory grains, TimeProvider clock, ILogger<FleetReporter> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Guid _silo = Guid.NewGuid();
    private readonly HashSet<string> _known = [];
    private bool _isFailing;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var (tenant, devices) in presence.All)
                {
                    await Report(tenant, devices);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task Report(string tenant, TenantPresence devices)
    {
        var report = devices.Report(_silo, isComplete: !_known.Contains(tenant));
        try
        {
            Caller.System(tenant, "fleet").Enter();
            _ = await grains.Fleet(tenant).Report(report) ? _known.Add(tenant) : _known.Remove(tenant);
            _isFailing = false;
        }
        catch (Exception e)
        {
            devices.Return(report);
            _known.Remove(tenant);
            if (!_isFailing)
            {
                _isFailing = true;
                LogFailed(logger, tenant, e);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The fleet of tenant {Tenant} was not told what has changed; tried again every second, said once")]
    private static partial void LogFailed(ILogger logger, string tenant, Exception exception);
}
