using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace OrleansIoT.History.Sqlite;

/// <summary>
/// The one database <c>iot.db</c> of a data directory: one group commit for everything that is written, and readers
/// beside it. A write's task completes when SQLite has fsynced its transaction.
/// </summary>
public sealed partial class SqliteDatabase : IDisposable
{
    public const string FileName = "iot.db";

    private readonly SqliteWriter _writer;
    private readonly GroupCommit<SqliteWrite> _commits;
    private readonly Readers _readers;

    private SqliteDatabase(Connection writer, HistoryOptions options, HistoryMetrics metrics, ILogger log)
    {
        _writer = new SqliteWriter(writer, metrics, log);
        _commits = new GroupCommit<SqliteWrite>(options, metrics, _writer.Commit);
        _readers = new Readers(writer.Path, options.Readers, log);
    }

    /// <summary>Opens the database of the directory, and makes or updates it if need be.</summary>
    /// <exception cref="DataDirectoryException">It is damaged, of a newer version, or cannot be read or written.</exception>
    public static SqliteDatabase Open(
        DataDirectory directory, HistoryOptions options, HistoryMetrics metrics, ILogger<SqliteDatabase> log)
    {
        var path = directory.PathOf(FileName);
        Connection? connection = null;
        try
        {
            // SQLite removes the log when the last connection closes, so one that is there is what a crash left.
            var isUnclean = File.Exists(path + "-wal");
            directory.CreateFile(FileName);
            connection = Connection.OpenWriter(path);
            Schema.Check(connection, Schema.Steps);
            if (isUnclean)
            {
                CheckIntegrity(connection, log);
            }

            connection.MakeDurable();
            Schema.Apply(connection, Schema.Steps);
            directory.Flush();
            return new SqliteDatabase(connection, options, metrics, log);
        }
        catch (Exception e)
        {
            connection?.Dispose();
            throw e is SqliteException or IOException or UnauthorizedAccessException
                ? new DataDirectoryException($"The database {path} cannot be opened: {e.Message}", e)
                : e;
        }
    }

    /// <summary>Refuses further writes, finishes those that wait, and leaves one file behind.</summary>
    public void Dispose()
    {
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

    private static void CheckIntegrity(Connection connection, ILogger log)
    {
        var started = Stopwatch.GetTimestamp();
        var result = connection.TextPragma("quick_check(1)");
        if (result != "ok")
        {
            throw new DataDirectoryException(
                $"The database {connection.Path} is damaged: {result.ReplaceLineEndings(" ")}. Restore a backup.");
        }

        LogChecked(log, connection.Path, Stopwatch.GetElapsedTime(started));
    }

    private sealed class Statements(long size, Func<Connection, Exception?> apply) : SqliteWrite
    {
        public override long Size => size;

        protected override Exception? Apply(Connection connection) => apply(connection);
    }
}
