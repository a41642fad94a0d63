using System.Collections.Immutable;
using OrleansIoT.Identity;

namespace OrleansIoT.History;

/// <summary>
/// Who did what, for ever: entries are added and never changed or removed, which the schema of the store itself refuses.
/// </summary>
public interface IAuditLog
{
    /// <summary>Adds the entries, all or none. Durable when complete.</summary>
    Task Append(ImmutableArray<AuditEntry> entries);

    /// <summary>
    /// A page of a tenant's entries, ordered by time and then by id. An entry that is added behind a cursor is in a later
    /// page, one with an earlier time than the cursor's is not.
    /// </summary>
    Task<AuditPage> Read(string tenant, AuditQuery query, CancellationToken cancellation = default);
}
