using Microsoft.Extensions.Logging.Abstractions;

namespace OrleansIoT.History.Sqlite.Backups;

/// <summary>Everything that a data directory holds, as of one moment, in one file; also beside a process that has it open.</summary>
public static class Backup
{
    /// <param name="dataDirectory">With the database, the keys and the certificates.</param>
    /// <param name="file">Does not exist yet. It is whole, checked and durable, or is not there.</param>
    /// <param name="time">Says when.</param>
    /// <returns>A line for whoever asked for it.</returns>
    /// <exception cref="BackupException">There is no backup; or there is one of a database that is damaged.</exception>
    public static string Make(string dataDirectory, string file, TimeProvider time)
    {
        (dataDirectory, file) = (Path.GetFullPath(dataDirectory), Path.GetFullPath(file));
        var database = Path.Combine(dataDirectory, SqliteDatabase.FileName);
        if (!File.Exists(database))
        {
            throw new BackupException($"There is nothing to back up: {database} does not exist.");
        }

        if (Path.Exists(file))
        {
            throw new BackupException($"{file} exists; a backup replaces no file.");
        }

        var part = file + ".part";
        try
        {
            Create(part);
            var madeAt = time.GetUtcNow();
            Copy(dataDirectory, database, part);
            BackupFile.Complete(part, dataDirectory, madeAt);
            var content = BackupFile.Check(part);
            Disk.Flush(part);
            File.Move(part, file);
            Disk.Flush(Path.GetDirectoryName(file)!);
            return content.Damaged == 0
                ? $"Backed up to {file}: {content}."
                : throw new BackupException(
                    $"Backed up to {file}: {content}. But {content.Damaged} of these chunks and commits are damaged in the database itself.");
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"No backup was made at {file}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
        finally
        {
            if (File.Exists(part))
            {
                File.Delete(part);
            }
        }
    }

    /// <summary>For its owner alone, as what is in it is.</summary>
    private static void Create(string part)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        if (File.Exists(part))
        {
            File.Delete(part); // a backup that was killed left it
        }

        new FileStream(part, options).Dispose();
    }

    private static void Copy(string dataDirectory, string database, string part)
    {
        using var held = DataDirectory.OpenUnlessInUse(dataDirectory, NullLogger<DataDirectory>.Instance);

        // A reader that is alone with the database leaves a write-ahead log behind, as a crash does; one that writes takes it
        // away. After a crash that is the next start's to do, with its check.
        var isCrashed = File.Exists(database + "-wal");
        using var connection = held is null || isCrashed ? Connection.OpenReader(database) : Connection.OpenWriter(database);
        connection.Execute($"VACUUM INTO '{part.Replace("'", "''", StringComparison.Ordinal)}'");
    }
}
