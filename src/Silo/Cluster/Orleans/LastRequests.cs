namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>
/// A gateway that is told to end says so in its health check, and serves on until a proxy has seen that twice and sends nobody
/// here any more (deploy/haproxy/front.cfg asks every second). Edges do the same while their connections end in steps.
/// </summary>
internal sealed class LastRequests(TimeProvider clock) : IHostedLifecycleService
{
    private static readonly TimeSpan Notice = TimeSpan.FromSeconds(2.5);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Before anything has stopped.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.Delay(Notice, clock, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
