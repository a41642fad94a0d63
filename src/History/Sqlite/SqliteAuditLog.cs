using System.Collections.Immutable;
using OrleansIoT.Identity;

namespace OrleansIoT.History.Sqlite;

internal sealed class SqliteAuditLog(SqliteDatabase database) : IAuditLog
{
    private const string Add =
        $"INSERT INTO audit ({AuditEntries.Columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

    // The index leads to the beginning of the page; what the filters leave out is looked at on the way.
    private const string Filters =
        """
              AND (?6 IS NULL OR subject = ?6 OR name = ?6) AND (?7 IS NULL OR action = ?7)
              AND (?8 IS NULL OR thing_type = ?8 OR thing_id = ?8 OR thing_type || '/' || thing_id = ?8)
              AND (?9 IS NULL OR result = ?9)
        """;

    private const string Newest =
        $"""
        SELECT id, {AuditEntries.Columns} FROM audit
        WHERE tenant = ?1 AND at >= ?2 AND at < ?3 AND at <= ?4 AND (at < ?4 OR id < ?5)
        {Filters}
        ORDER BY at DESC, id DESC LIMIT ?10
        """;

    private const string Oldest =
        $"""
        SELECT id, {AuditEntries.Columns} FROM audit
        WHERE tenant = ?1 AND at >= ?2 AND at < ?3 AND at >= ?4 AND (at > ?4 OR id > ?5)
        {Filters}
        ORDER BY at, id LIMIT ?10
        """;

    public Task Append(ImmutableArray<AuditEntry> entries) =>
        database.Commit(entries.Sum(AuditEntries.Size), connection =>
        {
            foreach (var entry in entries)
            {
                connection.Prepare(Add)
                    .Bind(1, entry.Tenant).Bind(2, entry.At).Bind(3, (long)entry.Actor).Bind(4, entry.Subject)
                    .Bind(5, entry.Name).Bind(6, entry.Address).Bind(7, entry.Action).Bind(8, entry.ThingType)
                    .Bind(9, entry.ThingId).Bind(10, (long)entry.Result).Bind(11, entry.Status).Bind(12, entry.Failure)
                    .Bind(13, entry.Reason).Bind(14, entry.Count).Run();
            }
        });

    public Task<AuditPage> Read(string tenant, AuditQuery query, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(query.Limit);
        return database.Read(
            connection =>
            {
                var (at, id) = AuditEntries.Begin(query);
                using var rows = connection.Prepare(query.Ascending ? Oldest : Newest)
                    .Bind(1, tenant).Bind(2, query.Start).Bind(3, query.End).Bind(4, at).Bind(5, id).Bind(10, query.Limit + 1L);
                Bind(rows, 6, query.Actor);
                Bind(rows, 7, query.Action);
                Bind(rows, 8, query.Thing);
                _ = query.Result is { } result ? rows.Bind(9, (long)result) : rows.BindNull(9);
                var found = new List<AuditEntry>();
                while (rows.Step())
                {
                    found.Add(Entry(rows));
                }

                return AuditEntries.Page(found, query.Limit);
            },
            cancellation);
    }

    private static void Bind(Statement rows, int parameter, string? text) =>
        _ = text is null ? rows.BindNull(parameter) : rows.Bind(parameter, text);

    private static AuditEntry Entry(Statement row) => new()
    {
        Id = row.Int64(0),
        Tenant = row.Text(1),
        At = row.Time(2),
        Actor = (AuditActor)row.Int64(3),
        Subject = row.Text(4),
        Name = row.Text(5),
        Address = row.Text(6),
        Action = row.Text(7),
        ThingType = row.Text(8),
        ThingId = row.Text(9),
        Result = (AuditResult)row.Int64(10),
        Status = (int)row.Int64(11),
        Failure = row.Text(12),
        Reason = row.Text(13),
        Count = row.Int64(14),
    };
}
