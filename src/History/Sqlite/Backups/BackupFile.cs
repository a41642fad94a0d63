using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using OrleansIoT.History.Chunks;
using OrleansIoT.History.Sqlite.Log;

namespace OrleansIoT.History.Sqlite.Backups;

/// <summary>What a backup has.</summary>
/// <param name="MadeAt">Everything that was acknowledged before is in it.</param>
/// <param name="Readings">How many readings, in chunks or still in the log.</param>
/// <param name="Damaged">Chunks and commits that are damaged, and were so in the database.</param>
/// <param name="Files">How many files of the data directory are in it.</param>
internal sealed record BackupContent(DateTimeOffset MadeAt, long Readings, long Damaged, long Files)
{
    public override string ToString() =>
        $"{Readings} readings and {Files} files of keys and certificates, as of {MadeAt:u}";
}

/// <summary>
/// The one file of a backup: a SQLite database as that of the data directory, with the other files in a table of its own, and
/// with a digest over everything, because SQLite has no checksums.
/// </summary>
internal static class BackupFile
{
    private const string AddTables =
        """
        CREATE TABLE kept_file (
            path    TEXT PRIMARY KEY, -- with slashes, from the data directory on
            mode    INTEGER NOT NULL,
            content BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE backup (
            made_at INTEGER NOT NULL,
            digest  BLOB NOT NULL -- SHA-256 of all other tables
        ) STRICT;
        """;

    public const string RemoveTables = "DROP TABLE kept_file; DROP TABLE backup;";

    private const string Tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";

    private static readonly string[] KeptFolders = ["keys", "tls"];

    /// <summary>Makes a copy of the database a backup.</summary>
    public static void Complete(string path, string dataDirectory, DateTimeOffset madeAt)
    {
        using var connection = Connection.OpenWriter(path);
        connection.Execute("PRAGMA journal_mode = MEMORY"); // whoever fails deletes the file
        connection.Begin();
        connection.Execute(AddTables);
        foreach (var file in KeptFolders.Select(folder => Path.Combine(dataDirectory, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)))
        {
            connection.Prepare("INSERT INTO kept_file (path, mode, content) VALUES (?1, ?2, ?3)")
                .Bind(1, Path.GetRelativePath(dataDirectory, file).Replace(Path.DirectorySeparatorChar, '/'))
                .Bind(2, OperatingSystem.IsWindows() ? 0 : (long)File.GetUnixFileMode(file))
                .Bind(3, File.ReadAllBytes(file))
                .Run();
        }

        connection.Prepare("INSERT INTO backup (made_at, digest) VALUES (?1, ?2)").Bind(1, madeAt).Bind(2, Digest(connection)).Run();
        connection.Commit();
    }

    /// <summary>Reads everything that is in a backup.</summary>
    /// <exception cref="BackupException">It is none, or is damaged.</exception>
    public static BackupContent Check(string path)
    {
        try
        {
            using var connection = Connection.OpenReader(path);
            var tables = TablesOf(connection);
            if (!tables.Contains("backup") || !tables.Contains("kept_file"))
            {
                throw new BackupException($"{path} is no backup: it was not made with --backup.");
            }

            var (madeAt, digest) = Made(connection);
            if (connection.TextPragma("integrity_check(1)") is not "ok" and var fault)
            {
                throw new BackupException($"The backup {path} is damaged: {fault.ReplaceLineEndings(" ")}.");
            }

            if (!digest.AsSpan().SequenceEqual(Digest(connection)))
            {
                throw new BackupException($"The backup {path} is damaged: its content is not what was backed up.");
            }

            var (inChunks, damagedChunks) = tables.Contains("chunk") ? CheckChunks(connection) : default;
            var (inLog, damagedCommits) = tables.Contains("log") ? CheckLog(connection) : default;
            using var files = connection.Prepare("SELECT count(*) FROM kept_file");
            files.Step();
            return new BackupContent(madeAt, inChunks + inLog, damagedChunks + damagedCommits, files.Int64(0));
        }
        catch (SqliteException e)
        {
            throw new BackupException(
                e.IsCorrupt ? $"{path} is damaged, or no backup: {e.Message}." : $"The backup {path} cannot be read: {e.Message}.", e);
        }
    }

    /// <summary>The files of the data directory that are in it.</summary>
    public static IEnumerable<(string Path, UnixFileMode Mode, byte[] Content)> Files(Connection connection)
    {
        using var rows = connection.Prepare("SELECT path, mode, content FROM kept_file");
        while (rows.Step())
        {
            yield return (rows.Text(0), (UnixFileMode)rows.Int64(1), rows.Blob(2).ToArray());
        }
    }

    private static List<string> TablesOf(Connection connection)
    {
        var tables = new List<string>();
        using var rows = connection.Prepare(Tables);
        while (rows.Step())
        {
            tables.Add(rows.Text(0));
        }

        return tables;
    }

    private static (DateTimeOffset At, byte[] Digest) Made(Connection connection)
    {
        using var row = connection.Prepare("SELECT made_at, digest FROM backup");
        row.Step();
        return (row.Time(0), row.Blob(1).ToArray());
    }

    /// <summary>Of every value of every row, in the order of the tables' keys.</summary>
    private static byte[] Digest(Connection connection)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var table in TablesOf(connection).Where(table => table != "backup"))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(table));
            using var rows = connection.Prepare($"SELECT * FROM \"{table}\" NOT INDEXED");
            while (rows.Step())
            {
                for (var column = 0; column < rows.Columns; column++)
                {
                    var value = rows.Blob(column); // a number as its text
                    BinaryPrimitives.WriteInt32LittleEndian(length, value.Length);
                    hash.AppendData(length);
                    hash.AppendData(value);
                }
            }
        }

        return hash.GetHashAndReset();
    }

    private static (long Readings, long Damaged) CheckChunks(Connection connection)
    {
        var (readings, damaged) = (0L, 0L);
        using var rows = connection.Prepare("SELECT readings, data FROM chunk");
        while (rows.Step())
        {
            readings += rows.Int64(0);
            try
            {
                damaged += Chunk.Read(rows.Blob(1).ToArray()).Count == rows.Int64(0) ? 0 : 1;
            }
            catch (InvalidDataException)
            {
                damaged++;
            }
        }

        return (readings, damaged);
    }

    private static (long Readings, long Damaged) CheckLog(Connection connection)
    {
        var (readings, damaged) = (0L, 0L);
        var inChunks = Watermarks(connection);
        using var rows = connection.Prepare("SELECT directory, readings FROM log");
        while (rows.Step())
        {
            var directory = LogDirectory.Read(rows.Blob(0));
            damaged += directory is null || !LogBuffer.IsWhole(rows.Blob(1)) ? 1 : 0;

            // A row stays until all of its topics are in chunks.
            readings += directory?.Sum(entry => Math.Clamp(entry.LastSeq - inChunks.GetValueOrDefault(entry.Topic), 0, entry.Count)) ?? 0;
        }

        return (readings, damaged);
    }

    private static Dictionary<long, long> Watermarks(Connection connection)
    {
        var watermarks = new Dictionary<long, long>();
        using var rows = connection.Prepare("SELECT id, last_seq FROM topic");
        while (rows.Step())
        {
            watermarks[rows.Int64(0)] = rows.Int64(1);
        }

        return watermarks;
    }
}
