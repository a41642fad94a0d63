using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

[StatelessWorker]
public sealed class AuditGrain(IAuditLog log) : TenantGrain, IAuditGrain
{
    public Task Note(ImmutableArray<AuditEntry> entries)
    {
        Demand(Permissions.MayNote, "a gateway or an edge");
        return log.Append([.. entries.Select(entry => entry.Bounded() with { Tenant = Key.Tenant })]);
    }

    public Task<AuditPage> List(AuditQuery query)
    {
        Demand(Permissions.MayReadAudit, "the role admin");
        return query.Limit is >= 1 and <= AuditQuery.MaxLimit
            ? log.Read(Key.Tenant, query)
            : throw new FailureException(Failure.Invalid, $"limit is 1 to {AuditQuery.MaxLimit}.");
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such audit.");
}
