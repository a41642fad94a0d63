using OrleansIoT.Grains.Topics;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>A silo that ends leaves the route table behind its last grain, and while it can still call: then nobody waits for it.</summary>
internal sealed partial class LastGrain(RouteReplica replica, ILogger<LastGrain> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>Stages end from the last to the first, and grains with <see cref="ServiceLifecycleStage.BecomeActive"/>.</summary>
    private const int Stage = ServiceLifecycleStage.BecomeActive - 1;

    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(500);

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(LastGrain), Stage, _ => Task.CompletedTask, Leave);

    private async Task Leave(CancellationToken cancellation)
    {
        try
        {
            await replica.Leave().WaitAsync(Limit, cancellation);
        }
        catch (Exception e)
        {
            LogNotHeard(logger, e.Message); // it is missed in a while
        }
    }

    [LoggerMessage(LogLevel.Information, "The route table did not hear that this silo ends: {Why}")]
    private static partial void LogNotHeard(ILogger logger, string why);
}
