using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// The grain that has a connection's session, and as whom it is called. What it is asked here may be asked twice, so if it does not
/// answer because it has left memory, its next activation is asked.
/// </summary>
internal sealed class SessionGrain(IClientGrain client, string connectionId, Caller caller)
{
    /// <summary>By what calls name the connection, see <see cref="ClientConnect.CalledAs"/>.</summary>
    public string CalledAs { get; set; } = connectionId;

    /// <summary>Says the connection to the next activation, and returns whether that knows it now.</summary>
    public Func<Task<bool>> Resume { get; init; } = () => Task.FromResult(false);

    public Task<ImmutableArray<QueuedMessage>> Queue(long after, int count) => Ask(() => client.Queue(CalledAs, after, count));

    public Task<RetainedPage> Retained(string filter, string? from) => Ask(() => client.Retained(CalledAs, filter, from));

    public Task Settle(ImmutableArray<Settlement> settlements) => Tell(() => client.Settle(CalledAs, settlements));

    public Task Release(ImmutableArray<ushort> packetIds) => Tell(() => client.Release(CalledAs, packetIds));

    private async Task<T> Ask<T>(Func<Task<T>> call)
    {
        caller.Enter();
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
