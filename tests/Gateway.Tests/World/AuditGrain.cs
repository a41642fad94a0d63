using System.Collections.Immutable;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Tests.World;

internal sealed class AuditGrain(InMemoryGrains world, string key) : IAuditGrain
{
    private string Tenant => GrainKey.Parse(key).Tenant;

    public async Task Note(ImmutableArray<AuditEntry> entries)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Caller.Current is { } caller && Permissions.MayNote(caller, Tenant));
        Interlocked.Increment(ref world.AuditWaiting);
        await world.AuditGate;
        if (world.AuditOutage is { } outage)
        {
            throw outage;
        }

        foreach (var entry in entries)
        {
            world.Audit.Enqueue(entry with { Id = world.Audit.Count + 1, Tenant = Tenant });
        }
    }

    public async Task<AuditPage> List(AuditQuery query)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayReadAudit(world.Admit(key), Tenant));
        var found = world.Audit
            .Where(entry => entry.Tenant == Tenant && entry.At >= query.Start && entry.At < query.End)
            .Where(entry => query.Actor is null || entry.Subject == query.Actor || entry.Name == query.Actor)
            .Where(entry => query.Action is null || entry.Action == query.Action)
            .Where(entry => query.Thing is null || new[] { entry.ThingType, entry.ThingId, $"{entry.ThingType}/{entry.ThingId}" }.Contains(query.Thing))
            .Where(entry => query.Result is null || entry.Result == query.Result)
            .OrderBy(Place);
        var page = (query.Ascending ? found : found.Reverse())
            .Where(entry => query.After is not { } after || (query.Ascending ? Place(entry) > after : Place(entry) < after))
            .Take(query.Limit + 1).ToImmutableArray();
        return page.Length > query.Limit
            ? new AuditPage(page[..query.Limit], Place(page[query.Limit - 1]))
            : new AuditPage(page, null);
    }

    private static TelemetryPosition Place(AuditEntry entry) => new(entry.At, entry.Id);
}
