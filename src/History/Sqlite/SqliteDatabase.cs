using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OrleansIoT.History.Sqlite.Backups;
using OrleansIoT.History.Sqlite.Chunks;
using OrleansIoT.History.Sqlite.Log;

namespace OrleansIoT.History.Sqlite;

/// <summary>
/// The one database <c>iot.db</c> of a data directory: one group commit for everything that is written, and readers
/// beside it. A write's task completes when SQLite has fsynced its transaction.
/// </summary>
public sealed partial class SqliteDatabase : IDisposable
{
    public const string FileName = "iot.db";

    // Some tenths of a second.
    private const long CheckedAtOnce = 64 << 20;

    private const int ReadAheadBytes = 256 << 10;

    private static readonly string[] HistoryTables = ["chunk", "log", "topic", "device", "marked_topic"];

    // At a start there is more to do than what has become too old.
    private static readonly TimeSpan FirstRetention = TimeSpan.FromMinutes(1);

    private readonly SqliteWriter _writer;
    private readonly GroupCommit<SqliteWrite> _commits;
    private readonly Readers _readers;
    private readonly Compactor _compactor;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _check;
    private readonly ITimer? _retention;

    private SqliteDatabase(
        Connection writer,
        LogIndex index,
        bool isUnclean,
        HistoryOptions options,
        HistoryMetrics metrics,
        TimeProvider time,
        ILogger log)
    {
        Log = index;
        Group = new LogGroup(index);
        _writer = new SqliteWriter(writer, Group, metrics, log);
        _commits = new GroupCommit<SqliteWrite>(
            options, metrics, CommitGroup, holdsBack: () => _compactor is { HoldsBack: true });
        _readers = new Readers(writer.Path, options.Readers, log);
        var retention = new Retention(options.Retention);
        _compactor = new Compactor(
            writer.Path, index, options.LogBytes, _commits.EnqueueFirst, _commits.Wake,
            new RetentionRun(writer.Path, retention, options, metrics, time), log);
        if (retention.HasRules)
        {
            var first = options.RetentionInterval < FirstRetention ? options.RetentionInterval : FirstRetention;
            _retention = time.CreateTimer(_ => DropInTime(), null, first, options.RetentionInterval);
        }

        _check = isUnclean ? CheckChunks(log) : Task.CompletedTask;
    }

    /// <summary>What is in the log.</summary>
    internal LogIndex Log { get; }

    /// <summary>The readings of the running transaction.</summary>
    internal LogGroup Group { get; }

    /// <summary>Opens the database of the directory, and makes or updates it if need be.</summary>
    /// <exception cref="DataDirectoryException">It is damaged, of a newer version, or cannot be read or written.</exception>
    public static SqliteDatabase Open(
        DataDirectory directory, HistoryOptions options, HistoryMetrics metrics, TimeProvider time, ILogger<SqliteDatabase> log)
    {
        var path = directory.PathOf(FileName);
        Connection? connection = null;
        try
        {
            // SQLite removes the log when the last connection closes, so one that is there is what a crash left.
            var isUnclean = File.Exists(path + "-wal");
            if (isUnclean)
            {
                CheckWriteAheadLog(path + "-wal", log); // before SQLite opens it, and cuts off what it does not take
            }

            directory.CreateFile(FileName);
            connection = Connection.OpenWriter(path);
            Schema.Check(connection, Schema.Steps);
            if (isUnclean)
            {
                CheckIntegrity(connection, log);
            }

            if (connection.Pragma("user_version") == 0)
            {
                connection.Execute("PRAGMA auto_vacuum = INCREMENTAL"); // only before there is a table
            }

            connection.MakeDurable();
            Schema.Apply(connection, Schema.Steps);
            if (RowMigration.Run(connection))
            {
                LogMigrated(log, path);
            }

            SayRestored(connection, log);
            directory.Flush();
            return new SqliteDatabase(connection, Recover(connection, log), isUnclean, options, metrics, time, log);
        }
        catch (Exception e)
        {
            connection?.Dispose();
            if (e is SqliteException { IsCorrupt: true, IsNoDatabase: false } or InvalidDataException)
            {
                throw new DataDirectoryException($"The database {path} is damaged: {e.Message}. Restore a backup.", e);
            }

            throw e is SqliteException or IOException or UnauthorizedAccessException
                ? new DataDirectoryException($"The database {path} cannot be opened: {e.Message}", e)
                : e;
        }
    }

    /// <summary>Refuses further writes, finishes those that wait, and leaves one file behind.</summary>
    public void Dispose()
    {
        _closing.Cancel();
        _check.GetAwaiter().GetResult();
        _closing.Dispose();
        _retention?.Dispose();
        _compactor.Dispose();
        _commits.Dispose();
        _readers.Dispose();
        _writer.Dispose();
    }

    /// <summary>Queues the write before it returns; complete when durable.</summary>
    internal Task<ImmutableArray<long>> Commit(SqliteWrite write) => _commits.Enqueue(write);

    /// <summary>Queues a write of a few statements, which is never refused.</summary>
    /// <param name="size">What it weighs against the limits, in bytes.</param>
    /// <param name="apply">Runs inside the transaction; again, when that is repeated without another write.</param>
    internal Task Commit(long size, Action<Connection> apply) =>
        Commit(size, connection =>
        {
            apply(connection);
            return null;
        });

    /// <summary>Queues a write that answers why it is refused and has then changed nothing, or null.</summary>
    internal Task Commit(long size, Func<Connection, Exception?> apply) => Commit(new Statements(size, apply));

    /// <summary>Runs the query on one state of the database, off the caller's scheduler.</summary>
    internal Task<T> Read<T>(Func<Connection, T> query, CancellationToken cancellation = default) =>
        _readers.Read(query, cancellation);

    /// <summary>Complete when the check of the chunks after an unclean stop is.</summary>
    internal Task CheckedChunks => _check;

    /// <summary>Moves everything that is in the log now into chunks.</summary>
    internal Task Compact() => _compactor.Compact();

    /// <summary>Drops what the rules of retention do not keep now, and gives space back.</summary>
    internal Task Drop() => _compactor.Drop();

    private void DropInTime()
    {
        try
        {
            _ = _compactor.Drop(); // which logs what goes wrong
        }
        catch (ObjectDisposedException)
        {
            // The timer was faster than its end.
        }
    }

    private void CommitGroup(List<SqliteWrite> writes)
    {
        _writer.Commit(writes);
        _compactor?.Wake(); // not there yet when the first group comes
    }

    private async Task CheckChunks(ILogger log)
    {
        try
        {
            await new ChunkCheck(_readers, log).Run(_closing.Token);
        }
        catch (OperationCanceledException)
        {
            // It began anew after the next unclean stop, if there is one.
        }
        catch (Exception e)
        {
            LogCheckFailed(log, e);
        }
    }

    private static void SayRestored(Connection connection, ILogger log)
    {
        using (var rows = connection.Prepare("SELECT restored_at, made_at FROM restored WHERE NOT is_said ORDER BY id"))
        {
            while (rows.Step())
            {
                LogRestored(log, rows.Time(0), rows.Time(1), Restore.NumbersLeftOut);
            }
        }

        connection.Execute("UPDATE restored SET is_said = 1 WHERE NOT is_said");
    }

    private static LogIndex Recover(Connection connection, ILogger log)
    {
        var started = Stopwatch.GetTimestamp();
        var index = new LogIndex();
        var recovery = new LogRecovery(connection, index);
        recovery.Run();
        foreach (var damage in recovery.Damage)
        {
            if (damage.Topic is null)
            {
                LogDamagedRow(log, damage.Row);
            }
            else
            {
                var (first, last) = (new DateTime(damage.Entry.FirstAt, DateTimeKind.Utc), new DateTime(damage.Entry.LastAt, DateTimeKind.Utc));
                LogDamagedReadings(log, damage.Topic, damage.Entry.FirstSeq, damage.Entry.LastSeq, first, last);
            }
        }

        if (recovery.Readings > 0)
        {
            LogRecovered(log, recovery.Readings, index.Bytes, Stopwatch.GetElapsedTime(started));
        }

        return index;
    }

    private static void CheckWriteAheadLog(string path, ILogger log)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, ReadAheadBytes);
        if (WriteAheadLogCheck.Run(file) is { } gap)
        {
            LogGap(log, path, gap.Frame, gap.Commits);
        }
    }

    /// <summary>
    /// Damage in what everything needs refuses the start. Damage in the history does not: each part of it is checked when it
    /// is read, and a small one here already.
    /// </summary>
    private static void CheckIntegrity(Connection connection, ILogger log)
    {
        var started = Stopwatch.GetTimestamp();
        var isSmall = connection.Pragma("page_count") * connection.Pragma("page_size") <= CheckedAtOnce;
        var isSound = true;
        foreach (var table in Tables(connection))
        {
            var isHistory = HistoryTables.Contains(table);
            var result = isHistory && !isSmall ? "ok" : connection.TextPragma($"quick_check('{table}')").ReplaceLineEndings(" ");
            if (result != "ok" && !isHistory)
            {
                throw new DataDirectoryException(
                    $"The database {connection.Path} is damaged: {table}: {result}. Restore a backup.");
            }

            if (result != "ok")
            {
                isSound = false;
                LogDamagedTable(log, connection.Path, table, result);
            }
        }

        if (isSound)
        {
            LogChecked(log, connection.Path, Stopwatch.GetElapsedTime(started));
        }
    }

    private static List<string> Tables(Connection connection)
    {
        var tables = new List<string>();
        using var rows = connection.Prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
        while (rows.Step())
        {
            tables.Add(rows.Text(0));
        }

        return tables;
    }

    private sealed class Statements(long size, Func<Connection, Exception?> apply) : SqliteWrite
    {
        public override long Size => size;

        protected override Exception? Apply(Connection connection) => apply(connection);
    }
}
