using System.Collections.Immutable;

namespace OrleansIoT.Identity;

/// <summary>The audit of a tenant, keyed by <c>{tenant}/audit</c>. It holds nothing itself.</summary>
[Alias("iot.IAuditGrain")]
public interface IAuditGrain : IGrainWithStringKey
{
    /// <summary>
    /// Adds entries, whose tenant is the grain's whatever they say; complete when durable. The caller checks credentials
    /// (<see cref="Roles.SignIn"/>) or is the system.
    /// </summary>
    [Alias("Note")]
    Task Note(ImmutableArray<AuditEntry> entries);

    /// <summary>A page of entries, for administrators of the tenant.</summary>
    [Alias("List")]
    Task<AuditPage> List(AuditQuery query);
}

public static class AuditGrains
{
    public static IAuditGrain Audit(this IGrainFactory grains, string tenant) =>
        grains.GetGrain<IAuditGrain>(new GrainKey(tenant, "audit").ToString());
}
