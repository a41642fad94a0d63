using OrleansIoT.Grains.Topics;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>
/// A silo asks for the routes as soon as others can call it, because it answers no call until it has them; and one that ends leaves
/// the route table behind its last grain, while it can still call: then nobody waits for it.
/// </summary>
internal sealed partial class RouteStage(RouteReplica replica, ILogger<RouteStage> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>Stages end from the last to the first.</summary>
    private const int BehindGrains = ServiceLifecycleStage.GrainDeactivation - 1;

    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(500);

    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(nameof(RouteStage), ServiceLifecycleStage.Active, _ => Follow());
        lifecycle.Subscribe(nameof(RouteStage), BehindGrains, _ => Task.CompletedTask, Leave);
    }

    private Task Follow()
    {
        replica.Start();
        return Task.CompletedTask;
    }

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
