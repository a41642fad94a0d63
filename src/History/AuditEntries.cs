using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History;

/// <summary>What both stores do alike with entries of the audit.</summary>
internal static class AuditEntries
{
    /// <summary>The columns in the order in which both stores write and read them, behind the id.</summary>
    public const string Columns =
        "tenant, at, actor_kind, subject, name, address, action, thing_type, thing_id, result, status, failure, reason, count";

    /// <summary>What an entry weighs against the limits of the store, in bytes.</summary>
    public static int Size(this AuditEntry entry) =>
        64 + entry.Subject.Length + entry.Name.Length + entry.Address.Length + entry.Action.Length + entry.ThingType.Length
        + entry.ThingId.Length + entry.Failure.Length + entry.Reason.Length;

    /// <param name="found">In order, one more than the page may have if there is another page.</param>
    /// <param name="limit">The most entries of the page.</param>
    public static AuditPage Page(List<AuditEntry> found, int limit) => found.Count > limit
        ? new AuditPage([.. found.Take(limit)], new TelemetryPosition(found[limit - 1].At, found[limit - 1].Id))
        : new AuditPage([.. found], null);

    /// <summary>The entry that the page begins behind; before all of them, in the query's order, when it is the first page.</summary>
    public static (DateTimeOffset At, long Id) Begin(AuditQuery query) =>
        query.After is { } after ? (after.At, after.Seq)
        : query.Ascending ? (DateTimeOffset.MinValue, long.MinValue)
        : (DateTimeOffset.MaxValue, long.MaxValue);
}
