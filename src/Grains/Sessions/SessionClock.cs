using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OrleansIoT.Grains.Topics;
using OrleansIoT.History;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Sessions;

/// <summary>
/// Lets time pass for sessions that are away: once a second the grains of those whose will or end is due hear of it.
/// At the start, before anybody connects, it closes the sessions whose connections ended with the process before, and
/// gives the topics the subscriptions of all that are durable. In a cluster the route table does all that.
/// </summary>
internal sealed class SessionClock(
    ISessionStore store, Routes routes, DueSessions due, IOptions<GrainsOptions> options, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

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
                await due.Tell(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }
}
