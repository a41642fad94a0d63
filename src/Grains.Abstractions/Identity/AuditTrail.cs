using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OrleansIoT.Identity;

/// <summary>
/// What a process that lets clients in tells the audit, on the caller's behalf. It never throws: what cannot be noted is
/// counted (<c>iot.audit.lost</c>) and logged once, and what was asked for goes on.
/// </summary>
public sealed partial class AuditTrail : IHostedService, IDisposable
{
    public const string MeterName = "OrleansIoT.Audit";

    /// <summary>How long a client waits for its entry to become durable.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly RefusalBudget _refusals = new();
    private readonly Counter<long> _noted;
    private readonly Counter<long> _lost;
    private readonly ITimer _timer;
    private int _isFailing;

    public AuditTrail(IGrainFactory grains, TimeProvider time, IMeterFactory meters, ILogger<AuditTrail> log)
    {
        (_grains, _time, _log) = (grains, time, log);
        var meter = meters.Create(MeterName);
        _noted = meter.CreateCounter<long>("iot.audit.entries", "{entry}", "Entries of the audit that are durable.");
        _lost = meter.CreateCounter<long>("iot.audit.lost", "{entry}", "Entries of the audit that could not be stored.");
        _timer = time.CreateTimer(_ => _ = SumUp(), null, Minute, Minute);
    }

    /// <summary>Notes it; complete when it is durable, cannot be stored, or has taken too long.</summary>
    public Task Note(AuditEntry entry) => Store(entry.Tenant, [entry]);

    /// <summary>Notes a refusal, or counts it if there were several a moment ago.</summary>
    /// <param name="who">Whose refusals count together: a caller, or a network.</param>
    /// <param name="entry">The refusal.</param>
    public Task NoteRefusal(string who, AuditEntry entry) => _refusals.Take(who, entry) ? Note(entry) : Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What was counted in the last minute is noted, while there are grains to tell.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => SumUp();

    public void Dispose() => _timer.Dispose();

    private Task SumUp() => Task.WhenAll(_refusals.SumUp(_time.GetUtcNow())
        .GroupBy(entry => entry.Tenant)
        .Select(tenant => Store(tenant.Key, [.. tenant])));

    private async Task Store(string tenant, ImmutableArray<AuditEntry> entries)
    {
        try
        {
            Caller.SigningIn(tenant, "audit").Enter();
            await _grains.Audit(tenant).Note(entries).WaitAsync(Patience, _time);
            _noted.Add(entries.Length);
            if (Interlocked.Exchange(ref _isFailing, 0) != 0)
            {
                LogNotesAgain();
            }
        }
        catch (Exception e)
        {
            _lost.Add(entries.Length);
            if (Interlocked.Exchange(ref _isFailing, 1) == 0)
            {
                LogNotNoted(e);
            }
        }
    }
}
