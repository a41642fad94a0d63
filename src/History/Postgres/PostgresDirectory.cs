using Npgsql;
using OrleansIoT.Identity;

namespace OrleansIoT.History.Postgres;

internal sealed class PostgresDirectory(PostgresDatabase database) : IDirectory
{
    private const string PutOne =
        """
        INSERT INTO directory_entry AS old (directory, id, grain_name, title, created_at, seen_at) VALUES ($1, $2, $3, $4, $5::bigint, $6::bigint)
        ON CONFLICT (directory, id) DO UPDATE SET grain_name = excluded.grain_name, title = excluded.title,
            created_at = coalesce(excluded.created_at, old.created_at), seen_at = coalesce(excluded.seen_at, old.seen_at)
        """;

    private const string RemoveOne = "DELETE FROM directory_entry WHERE directory = $1 AND id = $2";

    private const string One =
        "SELECT id, grain_name, title, created_at, seen_at FROM directory_entry WHERE directory = $1 AND id = $2";

    private const string Everything =
        "SELECT id, grain_name, title, created_at, seen_at FROM directory_entry WHERE directory = $1 ORDER BY id";

    private const string Page =
        "SELECT id, grain_name, title, created_at, seen_at FROM directory_entry WHERE directory = $1 AND id > $2 ORDER BY id LIMIT $3";

    // strpos and not LIKE, because a search has no wildcards; lower() of the columns' collation knows ASCII only.
    private const string Search =
        """
        SELECT id, grain_name, title, created_at, seen_at FROM directory_entry
        WHERE directory = $1 AND id > $2
          AND (strpos(lower(id), lower($4 COLLATE "C")) > 0 OR strpos(lower(grain_name), lower($4 COLLATE "C")) > 0
            OR strpos(lower(title), lower($4 COLLATE "C")) > 0)
        ORDER BY id LIMIT $3
        """;

    public Task Put(string directory, DirectoryEntry entry) =>
        database.Commit(entry.Id.Length + entry.GrainName.Length + entry.Title.Length, connection =>
        {
            connection.Run(PutOne, directory, entry.Id, entry.GrainName, entry.Title, entry.CreatedAt, entry.SeenAt);
        });

    public Task Remove(string directory, string id) =>
        database.Commit(id.Length, connection =>
        {
            connection.Run(RemoveOne, directory, id);
        });

    public Task<IReadOnlyList<DirectoryEntry>> All(string directory, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<DirectoryEntry>>(connection => connection.All(Entry, Everything, directory), cancellation);

    public Task<DirectoryEntry?> Find(string directory, string id, CancellationToken cancellation = default) =>
        database.Read(connection => connection.All(Entry, One, directory, id).SingleOrDefault(), cancellation);

    public Task<DirectoryPage> List(
        string directory, string? search, int limit, string? after, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return database.Read(
            connection =>
            {
                // No id is empty, so the empty one is before the first.
                var entries = string.IsNullOrEmpty(search)
                    ? connection.All(Entry, Page, directory, after ?? "", limit + 1L)
                    : connection.All(Entry, Search, directory, after ?? "", limit + 1L, search);
                return entries.Count > limit
                    ? new DirectoryPage([.. entries.Take(limit)], entries[limit - 1].Id)
                    : new DirectoryPage([.. entries], null);
            },
            cancellation);
    }

    private static DirectoryEntry Entry(NpgsqlDataReader row) =>
        new(row.Text(0), row.Text(1), row.Text(2), row.TimeOrNull(3), row.TimeOrNull(4));
}
