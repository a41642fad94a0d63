using System.Collections.Immutable;
using OrleansIoT.Identity;

namespace OrleansIoT.History.Sqlite;

internal sealed class SqliteDirectory(SqliteDatabase database) : IDirectory
{
    private const string PutOne =
        """
        INSERT INTO directory_entry (directory, id, grain_name, title, created_at, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO UPDATE SET grain_name = excluded.grain_name, title = excluded.title,
            created_at = coalesce(excluded.created_at, created_at), seen_at = coalesce(excluded.seen_at, seen_at)
        """;

    private const string RemoveOne = "DELETE FROM directory_entry WHERE directory = ?1 AND id = ?2";

    private const string One =
        "SELECT id, grain_name, title, created_at, seen_at FROM directory_entry WHERE directory = ?1 AND id = ?2";

    private const string Everything =
        "SELECT id, grain_name, title, created_at, seen_at FROM directory_entry WHERE directory = ?1 ORDER BY id";

    private const string Page =
        "SELECT id, grain_name, title, created_at, seen_at FROM directory_entry WHERE directory = ?1 AND id > ?2 ORDER BY id LIMIT ?3";

    // instr and not LIKE, because a search has no wildcards; lower() is SQLite's, of ASCII only.
    private const string Search =
        """
        SELECT id, grain_name, title, created_at, seen_at FROM directory_entry
        WHERE directory = ?1 AND id > ?2
          AND (instr(lower(id), lower(?4)) OR instr(lower(grain_name), lower(?4)) OR instr(lower(title), lower(?4)))
        ORDER BY id LIMIT ?3
        """;

    public Task Put(string directory, DirectoryEntry entry) =>
        database.Commit(entry.Id.Length + entry.GrainName.Length + entry.Title.Length, connection =>
        {
            var put = connection.Prepare(PutOne).Bind(1, directory).Bind(2, entry.Id).Bind(3, entry.GrainName).Bind(4, entry.Title);
            Bind(put, 5, entry.CreatedAt);
            Bind(put, 6, entry.SeenAt);
            put.Run();
        });

    public Task Remove(string directory, string id) =>
        database.Commit(id.Length, connection =>
            connection.Prepare(RemoveOne).Bind(1, directory).Bind(2, id).Run());

    public Task<IReadOnlyList<DirectoryEntry>> All(string directory, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<DirectoryEntry>>(
            connection =>
            {
                using var rows = connection.Prepare(Everything).Bind(1, directory);
                var entries = new List<DirectoryEntry>();
                while (rows.Step())
                {
                    entries.Add(Entry(rows));
                }

                return entries;
            },
            cancellation);

    public Task<DirectoryEntry?> Find(string directory, string id, CancellationToken cancellation = default) =>
        database.Read(
            connection =>
            {
                using var row = connection.Prepare(One).Bind(1, directory).Bind(2, id);
                return row.Step() ? Entry(row) : null;
            },
            cancellation);

    public Task<DirectoryPage> List(
        string directory, string? search, int limit, string? after, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return database.Read(
            connection =>
            {
                // No id is empty, so the empty one is before the first.
                using var rows = connection.Prepare(string.IsNullOrEmpty(search) ? Page : Search)
                    .Bind(1, directory).Bind(2, after ?? "").Bind(3, limit + 1L);
                if (!string.IsNullOrEmpty(search))
                {
                    rows.Bind(4, search);
                }

                var entries = ImmutableArray.CreateBuilder<DirectoryEntry>();
                while (rows.Step())
                {
                    entries.Add(Entry(rows));
                }

                if (entries.Count <= limit)
                {
                    return new DirectoryPage(entries.ToImmutable(), null);
                }

                entries.Count = limit;
                return new DirectoryPage(entries.ToImmutable(), entries[^1].Id);
            },
            cancellation);
    }

    private static DirectoryEntry Entry(Statement row) =>
        new(row.Text(0), row.Text(1), row.Text(2), row.IsNull(3) ? null : row.Time(3), row.IsNull(4) ? null : row.Time(4));

    private static void Bind(Statement statement, int index, DateTimeOffset? time) =>
        _ = time is { } at ? statement.Bind(index, at.UtcTicks) : statement.BindNull(index);
}
