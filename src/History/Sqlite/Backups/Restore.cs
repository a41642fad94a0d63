using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace OrleansIoT.History.Sqlite.Backups;

/// <summary>Makes a data directory of a backup.</summary>
public static class Restore
{
    /// <summary>
    /// How much higher the numbers of every topic go on. What was acknowledged after the backup had numbers too, which are not
    /// to be given again: at 1,000 readings a second this is 31 years of them, and 2^53, which JSON can hold, is 9,000 restores.
    /// </summary>
    public const long NumbersLeftOut = 1_000_000_000_000;

    private const string Draft = "restoring";

    /// <param name="file">A backup.</param>
    /// <param name="dataDirectory">Has no database yet. It has one when all of it is durable.</param>
    /// <param name="time">Says when.</param>
    /// <returns>A line for whoever asked for it.</returns>
    /// <exception cref="BackupException">Nothing was restored; the message says why.</exception>
    /// <exception cref="DataDirectoryException">Likewise: the directory cannot be used.</exception>
    public static string From(string file, string dataDirectory, TimeProvider time)
    {
        file = Path.GetFullPath(file);
        if (!File.Exists(file))
        {
            throw new BackupException($"There is no backup {file}.");
        }

        try
        {
            var content = BackupFile.Check(file);
            using var directory = DataDirectory.Open(dataDirectory, NullLogger<DataDirectory>.Instance);
            if (File.Exists(directory.PathOf(SqliteDatabase.FileName)))
            {
                throw new BackupException($"{directory.Path} has a database already; restore into another directory.");
            }

            RestoreFiles(file, directory);
            RestoreDatabase(file, directory, content.MadeAt, time);
            return $"Restored into {directory.Path}: {content}. What was acknowledged later is missing.";
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"{file} was not restored: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static void RestoreFiles(string backup, DataDirectory directory)
    {
        using var connection = Connection.OpenReader(backup);
        foreach (var (name, mode, content) in BackupFile.Files(connection))
        {
            var path = Path.GetFullPath(directory.PathOf(name));
            if (!path.StartsWith(directory.Path + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                throw new BackupException($"The backup {backup} has a file that belongs nowhere: {name}.");
            }

            if (File.Exists(path) && !File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
            {
                throw new BackupException($"{path} exists and is another file than that of the backup; restore into another directory.");
            }

            var folder = Path.GetDirectoryName(path)!;
            DataDirectory.Create(folder);
            DataDirectory.CreateFile(path, new MemoryStream(content));
            if (!OperatingSystem.IsWindows() && mode != 0)
            {
                File.SetUnixFileMode(path, mode);
            }

            Disk.Flush(path);
            Disk.Flush(folder);
        }
    }

    /// <summary>In a directory of its own first, so that an attempt that does not succeed leaves no database to be started with.</summary>
    private static void RestoreDatabase(string backup, DataDirectory directory, DateTimeOffset madeAt, TimeProvider time)
    {
        var draft = directory.PathOf(Draft);
        if (Directory.Exists(draft))
        {
            Directory.Delete(draft, recursive: true);
        }

        DataDirectory.Create(draft);
        var database = Path.Combine(draft, SqliteDatabase.FileName);
        using (var content = File.OpenRead(backup))
        {
            DataDirectory.CreateFile(database, content);
        }

        using (var services = new ServiceCollection().AddLogging().AddSingleton(time).AddSqliteHistory(draft).BuildServiceProvider())
        {
            var opened = services.GetRequiredService<SqliteDatabase>();

            // A topic's last number is also how far its readings are in chunks, so it may be raised when the log is empty.
            opened.Compact().GetAwaiter().GetResult();
            opened.Commit(0, connection => GoOn(connection, opened, madeAt, time.GetUtcNow())).GetAwaiter().GetResult();
        }

        Disk.Flush(database);
        File.Move(database, directory.PathOf(SqliteDatabase.FileName));
        directory.Flush();
        Directory.Delete(draft, recursive: true);
    }

    private static void GoOn(Connection connection, SqliteDatabase database, DateTimeOffset madeAt, DateTimeOffset now)
    {
        // Only damaged readings are still in the log; they had numbers.
        foreach (var topic in database.Log.Topics.Where(topic => !topic.IsIdle))
        {
            connection.Prepare("UPDATE topic SET last_seq = max(last_seq, ?2) WHERE id = ?1").Bind(1, topic.Id).Bind(2, topic.LastSeq).Run();
        }

        connection.Prepare("UPDATE topic SET last_seq = last_seq + ?1").Bind(1, NumbersLeftOut).Run();

        // What devices send now may look like what they had sent before the backup, and is not: they have gone on meanwhile.
        connection.Execute("UPDATE device SET forgotten = readings; DELETE FROM received;");
        connection.Prepare("INSERT INTO restored (made_at, restored_at) VALUES (?1, ?2)").Bind(1, madeAt).Bind(2, now).Run();
        connection.Execute(BackupFile.RemoveTables);
    }
}
