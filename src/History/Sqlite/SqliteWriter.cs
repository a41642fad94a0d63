using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;
using OrleansIoT.History.Sqlite.Log;
using SQLitePCL;

namespace OrleansIoT.History.Sqlite;

/// <summary>Commits groups of writes, on the thread of <see cref="GroupCommit{TWrite}"/>, through the one connection that writes.</summary>
internal sealed partial class SqliteWriter(
    Connection connection, LogGroup group, HistoryMetrics metrics, ILogger log) : IDisposable
{
    // 16 MiB: a checkpoint syncs the log and the database, so it should have something to carry.
    private const int CheckpointPages = 4_096;

    // 64 MiB: only readers without a gap between them let the log grow this far; then they are made to leave one.
    private const int RestartPages = 16_384;

    private readonly string _path = connection.Path;
    private Connection? _connection = connection;
    private OpenFile[]? _files;
    private bool _isDetached;
    private int _pagesWritten;
    private int _failedCommits;

    /// <summary>Commits the writes as one transaction and settles each; an outage fails all of them and nothing else.</summary>
    public void Commit(List<SqliteWrite> writes)
    {
        var started = Stopwatch.GetTimestamp();
        CrashPoint.Reach(CrashPoint.AppendBefore);
        while (true)
        {
            SqliteWrite? running = null;
            try
            {
                DemandInPlace();

                // After an I/O error the old connection is gone.
                _connection ??= Connection.OpenWriter(_path).MakeDurable();
                _connection.Begin();
                _files ??= [new OpenFile(_path), new OpenFile(_path + "-wal")]; // the second one is there now
                foreach (var write in writes)
                {
                    running = write;
                    write.Run(_connection);
                }

                running = null;
                group.WriteRow(_connection);
                CrashPoint.Reach(CrashPoint.AppendWritten);
                _connection.Commit();
                CrashPoint.Reach(CrashPoint.AppendCommitted);
                DemandInPlace();
                break;
            }
            catch (Exception e) when (running is not null && e is not SqliteException { IsFaultOfStatement: false })
            {
                // One write cannot be stored. The others begin anew without it.
                Rollback(e);
                writes.Remove(running);
                running.Fail(e);
            }
            catch (Exception e)
            {
                Rollback(e);
                FailAll(writes, e);
                return;
            }
        }

        group.Commit();
        Settle(writes, Stopwatch.GetElapsedTime(started));
        Checkpoint();
    }

    /// <summary>Moves the log into the database, so that the next start finds a clean stop.</summary>
    public void Dispose()
    {
        try
        {
            _connection?.Checkpoint(raw.SQLITE_CHECKPOINT_TRUNCATE);
        }
        catch (SqliteException e)
        {
            LogCheckpointFailed(e);
        }

        _connection?.Dispose();
    }

    private void Settle(List<SqliteWrite> writes, TimeSpan duration)
    {
        var stored = writes.Where(write => !write.IsRefused);
        metrics.Committed(stored.Sum(write => write.Readings), stored.Sum(write => write.Size), duration);
        foreach (var write in writes)
        {
            write.Settle();
        }

        if (_failedCommits > 0)
        {
            LogStoresAgain(_failedCommits);
            _failedCommits = 0;
        }
    }

    private void FailAll(List<SqliteWrite> writes, Exception cause)
    {
        foreach (var write in writes)
        {
            write.FailUnavailable("The store cannot write now.", cause);
        }

        metrics.Failed();
        if (_failedCommits++ == 0)
        {
            LogCommitFailed(cause, writes.Count);
        }
    }

    /// <summary>
    /// What is written into a file that has no name any more is lost with the process. There is no going on: memory and a file
    /// that came in its place would not be of one state.
    /// </summary>
    private void DemandInPlace()
    {
        if (_isDetached || (_files is not null && Array.Find(_files, file => !file.IsInPlace) is not null))
        {
            _isDetached = true;
            throw new IOException(
                $"{_path} was deleted or replaced while it was in use. Nothing is stored until the process is started again.");
        }
    }

    private void Rollback(Exception cause)
    {
        group.Rollback();
        try
        {
            _connection?.Rollback();
        }
        catch (SqliteException e)
        {
            cause = e;
        }

        // A full disk leaves the connection sound. Other errors of the file may not: begin with a fresh one.
        if (cause is SqliteException { IsFaultOfStatement: false, IsFull: false })
        {
            _connection?.Dispose();
            _connection = null;
            _files = null;
        }
    }

    // After the acknowledgements, so that nobody waits for it. A failure loses nothing: the log is kept and grows.
    private void Checkpoint()
    {
        try
        {
            _pagesWritten += _connection!.TakePagesWritten();
            if (_pagesWritten < CheckpointPages)
            {
                return;
            }

            _pagesWritten = 0;
            CrashPoint.Reach(CrashPoint.CheckpointBefore);
            if (_connection.Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE) > RestartPages)
            {
                _connection.Checkpoint(raw.SQLITE_CHECKPOINT_RESTART);
            }
        }
        catch (SqliteException e)
        {
            LogCheckpointFailed(e);
        }
    }
}
