using System.Collections.Immutable;
using Npgsql;
using OrleansIoT.Identity;

namespace OrleansIoT.History.Postgres;

internal sealed class PostgresAuditLog(PostgresDatabase database) : IAuditLog
{
    private const string Add =
        $"INSERT INTO audit ({AuditEntries.Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

    // The index leads to the beginning of the page; what the filters leave out is looked at on the way.
    private const string Filters =
        """
              AND ($6::text IS NULL OR subject = $6 OR name = $6) AND ($7::text IS NULL OR action = $7)
              AND ($8::text IS NULL OR thing_type = $8 OR thing_id = $8 OR thing_type || '/' || thing_id = $8)
              AND ($9::integer IS NULL OR result = $9)
        """;

    private const string Newest =
        $"""
        SELECT id, {AuditEntries.Columns} FROM audit
        WHERE tenant = $1 AND at >= $2 AND at < $3 AND (at, id) < ($4, $5)
        {Filters}
        ORDER BY at DESC, id DESC LIMIT $10
        """;

    private const string Oldest =
        $"""
        SELECT id, {AuditEntries.Columns} FROM audit
        WHERE tenant = $1 AND at >= $2 AND at < $3 AND (at, id) > ($4, $5)
        {Filters}
        ORDER BY at, id LIMIT $10
        """;

    public Task Append(ImmutableArray<AuditEntry> entries) =>
        database.Commit(entries.Sum(AuditEntries.Size), connection =>
        {
            foreach (var entry in entries)
            {
                connection.Run(
                    Add, entry.Tenant, entry.At, (short)entry.Actor, entry.Subject, entry.Name, entry.Address, entry.Action,
                    entry.ThingType, entry.ThingId, (short)entry.Result, entry.Status, entry.Failure, entry.Reason, entry.Count);
            }
        });

    public Task<AuditPage> Read(string tenant, AuditQuery query, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(query.Limit);
        return database.Read(
            connection =>
            {
                var (at, id) = AuditEntries.Begin(query);
                var found = connection.All(
                    Entry, query.Ascending ? Oldest : Newest, tenant, query.Start, query.End, at, id,
                    query.Actor, query.Action, query.Thing, (int?)query.Result, query.Limit + 1L);
                return AuditEntries.Page(found, query.Limit);
            },
            cancellation);
    }

    private static AuditEntry Entry(NpgsqlDataReader row) => new()
    {
        Id = row.GetInt64(0),
        Tenant = row.Text(1),
        At = row.Time(2),
        Actor = (AuditActor)row.GetInt16(3),
        Subject = row.Text(4),
        Name = row.Text(5),
        Address = row.Text(6),
        Action = row.Text(7),
        ThingType = row.Text(8),
        ThingId = row.Text(9),
        Result = (AuditResult)row.GetInt16(10),
        Status = row.GetInt32(11),
        Failure = row.Text(12),
        Reason = row.Text(13),
        Count = row.GetInt64(14),
    };
}
