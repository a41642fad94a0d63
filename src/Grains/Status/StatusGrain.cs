using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Identity;
using OrleansIoT.Identity;
using OrleansIoT.Status;

namespace OrleansIoT.Grains.Status;

public sealed class StatusGrain(TimeProvider clock) : TenantGrain, IStatusGrain
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (ProcessReport Report, DateTimeOffset HeardAt)> _processes = [];

    public Task Report(ProcessReport report)
    {
        Demand((caller, _) => Permissions.IsSystem(caller));
        _processes[report.Id] = (report, clock.GetUtcNow());
        return Task.CompletedTask;
    }

    /// <summary>It is of no tenant, so the filter's check that somebody is calling is all there is.</summary>
    public Task<ImmutableArray<ProcessReport>> Processes()
    {
        var now = clock.GetUtcNow();
        foreach (var (id, process) in _processes.ToArray())
        {
            if (now - process.HeardAt > Patience)
            {
                _processes.Remove(id);
            }
        }

        return Task.FromResult<ImmutableArray<ProcessReport>>(
            [.. _processes.Values.Select(process => process.Report).OrderBy(report => report.StartedAt).ThenBy(report => report.Id, StringComparer.Ordinal)]);
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such status.");
}
