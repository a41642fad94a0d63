using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansIoT.Grains.Topics;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Sessions;

/// <summary>
/// Lets time pass for sessions that are away: once a second the grains of those whose will or end is due hear of it.
/// At the start, before anybody connects, it closes the sessions whose connections ended with the process before, and
/// gives the topics the subscriptions of all that are durable. A cluster has one of it, beside its one store.
/// </summary>
internal sealed partial class SessionClock(
    ISessionStore store,
    Routes routes,
    IGrainFactory grains,
    IOptions<GrainsOptions> options,
    TimeProvider clock,
    ILogger<SessionClock> logger) : BackgroundService
{
    /// <summary>How many sessions are told at a time.</summary>
    private const int Batch = 100;

    /// <summary>In one second, so that what cannot be written does not keep it going round.</summary>
    private const int MaxBatches = 50;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private bool _isFailing;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.CloseAll(clock.GetUtcNow(), options.Value.WillGraceAfterRestart);
        var subscriptions = await store.ReadSubscriptions(cancellationToken);
        foreach (var ofSession in subscriptions.GroupBy(stored => stored.Session, stored => stored.Subscription))
        {
            var (tenant, name) = GrainKey.Parse(ofSession.Key);
            routes.Of(tenant).Restore(name, ofSession);
        }

        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await Tick(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task Tick(CancellationToken cancellation)
    {
        try
        {
            IReadOnlyList<string> due;
            var batches = 0;
            do
            {
                due = await store.ReadDue(clock.GetUtcNow(), Batch, cancellation);
                await Task.WhenAll(due.Select(Tell));
            }
            while (due.Count == Batch && ++batches < MaxBatches);

            _isFailing = false;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            if (!_isFailing)
            {
                _isFailing = true;
                LogFailed(logger, e);
            }
        }
    }

    private async Task Tell(string session)
    {
        var (tenant, name) = SessionName.ParseKey(session);
        Caller.System(tenant, "session clock").Enter();
        await grains.Client(tenant, name.Publisher).Due(name.ClientId);
    }

    [LoggerMessage(LogLevel.Error, "Sessions whose time has come could not be told; tried again every second, said once")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
