using Microsoft.Extensions.Logging;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Sessions;

/// <summary>Lets the grains of sessions whose will or end is due hear of it.</summary>
public sealed partial class DueSessions(ISessionStore store, IGrainFactory grains, TimeProvider clock, ILogger<DueSessions> logger)
{
    /// <summary>How many sessions are told at a time.</summary>
    private const int Batch = 100;

    /// <summary>In one second, so that what cannot be written does not keep it going round.</summary>
    private const int MaxBatches = 50;

    private bool _isFailing;

    public async Task Tell(CancellationToken cancellation)
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
