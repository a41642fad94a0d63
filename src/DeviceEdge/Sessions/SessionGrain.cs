using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// The grain that has a connection's session, and as whom it is called. What it is asked here may be asked twice, so if it does not
/// answer because it has left memory, its next activation is asked.
/// </summary>
internal sealed record SessionGrain(IClientGrain Client, string ConnectionId, Caller Caller)
{
    /// <summary>Says the connection to the next activation, and returns whether that knows it now.</summary>
    public Func<Task<bool>> Resume { get; init; } = () => Task.FromResult(false);

    public Task<ImmutableArray<QueuedMessage>> Queue(long after, int count) => Ask(() => Client.Queue(ConnectionId, after, count));

    public Task<RetainedPage> Retained(string filter, string? from) => Ask(() => Client.Retained(ConnectionId, filter, from));

    public Task Settle(ImmutableArray<Settlement> settlements) => Tell(() => Client.Settle(ConnectionId, settlements));

    public Task Release(ImmutableArray<ushort> packetIds) => Tell(() => Client.Release(ConnectionId, packetIds));

    private async Task<T> Ask<T>(Func<Task<T>> call)
    {
        Caller.Enter();
        try
        {
            return await call();
        }
        catch (Exception e) when (IsGone(e))
        {
            if (!await Resume())
            {
                throw;
            }

            return await call();
        }
    }

    private Task<bool> Tell(Func<Task> call) => Ask(async () =>
    {
        await call();
        return true;
    });

    /// <summary>It has no answer, or it comes from an activation that does not know the connection.</summary>
    public static bool IsGone(Exception e) => e is TimeoutException or OrleansException or FailureException { Failure: Failure.NotSignedIn };
}
