using Microsoft.Extensions.DependencyInjection;

namespace OrleansIoT.EmbeddedSilo.Engine;

internal sealed partial class Silo
{
    private readonly Collector _collector;
    private volatile Phase _phase;

    private enum Phase
    {
        Created,
        Running,
        Draining,
        Stopped,
    }

    internal bool IsStopping => _phase >= Phase.Draining;

    internal bool IsStopped => _phase == Phase.Stopped;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        IncomingFilters = [.. Services.GetServices<IIncomingGrainCallFilter>()];
        OutgoingFilters = [.. Services.GetServices<IOutgoingGrainCallFilter>()];
        Sweeper.Start();
        _collector.Start();
        _phase = Phase.Running;
        await Reminders.Start();
    }

    /// <summary>No new calls from outside; what runs finishes, also what it calls; then every activation ends.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_phase != Phase.Running)
        {
            _phase = Phase.Stopped;
            return;
        }

        _phase = Phase.Draining;
        var reminded = Reminders.Stop();
        _collector.Dispose();
        if (!await InTime(Task.WhenAll(BecomeQuiet(), reminded), cancellationToken))
        {
            LogDrainLimit(Options.DrainLimit);
            foreach (var activation in Activations)
            {
                activation.FailCalls(Unavailable);
            }
        }

        if (!await InTime(EndActivations(), cancellationToken))
        {
            LogDeactivationLimit(Activations.Count());
        }

        _phase = Phase.Stopped;
        Sweeper.Dispose();
        foreach (var activation in Activations)
        {
            activation.FailCalls(Unavailable);
        }
    }

    public void Dispose()
    {
        _collector.Dispose();
        Sweeper.Dispose();
    }

    /// <summary>Whether the caller, null for one that is no grain, may call now.</summary>
    internal bool Accepts(Activation? caller) =>
        _phase == Phase.Running || (_phase == Phase.Draining && caller is not null);

    internal Exception Unavailable() => new SiloUnavailableException(_phase switch
    {
        Phase.Created => "The silo has not started yet.",
        Phase.Stopped => "The silo has stopped.",
        _ => "The silo is stopping and takes no new calls.",
    });

    private async Task BecomeQuiet()
    {
        // A call that finishes in one grain may have begun another in a grain that was quiet when asked.
        while (Activations.Where(activation => !activation.SeemsFree).ToList() is { Count: > 0 } busy)
        {
            await Task.WhenAll(busy.Select(activation =>
            {
                var probe = new QuietProbe();
                return activation.TryEnqueue(probe) ? probe.Quiet : Task.CompletedTask;
            }));
        }
    }

    private async Task EndActivations()
    {
        var reason = new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The silo is stopping.");
        while (Activations.ToList() is { Count: > 0 } activations)
        {
            foreach (var activation in activations)
            {
                activation.Deactivate(reason);
            }

            await Task.WhenAll(activations.Select(activation => activation.Deactivated));
        }
    }

    private async Task<bool> InTime(Task work, CancellationToken cancellationToken)
    {
        try
        {
            await work.WaitAsync(Options.DrainLimit, Clock, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }
}
