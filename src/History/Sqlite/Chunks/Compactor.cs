using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;
using OrleansIoT.History.Sqlite.Log;

namespace OrleansIoT.History.Sqlite.Chunks;

/// <summary>
/// Keeps the log short: a thread that moves its readings into chunks, some topics a transaction, between the commits of the
/// writer, and takes rows out of the log when all of their readings are in chunks. Only it changes chunks, so it is also where
/// those go that need not be kept any more.
/// </summary>
internal sealed partial class Compactor : IDisposable
{
    // What one transaction carries at most; the appends of the moment wait for it.
    private const long MaxWriteBytes = 256 << 10;
    private const int WriteTopics = 200;
    private const long RemovedBytes = 4 << 20;

    // How far appends may run ahead of it.
    private const long Ahead = 4 << 20;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly object _gate = new();
    private readonly Thread _thread;
    private readonly string _path;
    private readonly LogIndex _log;
    private readonly long _limit;
    private readonly long _startAt;
    private readonly Action<SqliteWrite> _enqueue;
    private readonly Action _ended;
    private readonly RetentionRun _retention;
    private readonly ILogger _logger;
    private readonly List<TaskCompletionSource> _asked = [];
    private readonly List<TaskCompletionSource> _askedToDrop = [];
    private readonly long _writeBytes;
    private long _allowed;
    private bool _closed;
    private bool _hasFailed;

    /// <param name="path">The database.</param>
    /// <param name="log">What is in the log.</param>
    /// <param name="limit">How many bytes it may have; from half of that on the compactor begins by itself.</param>
    /// <param name="enqueue">Queues a write before the appends that wait.</param>
    /// <param name="ended">Hears that an attempt has succeeded or failed.</param>
    /// <param name="retention">Which chunks need not be kept.</param>
    /// <param name="logger">Hears of failures and damage.</param>
    public Compactor(
        string path, LogIndex log, long limit, Action<SqliteWrite> enqueue, Action ended, RetentionRun retention, ILogger logger)
    {
        (_path, _log, _limit, _startAt, _allowed) = (path, log, limit, limit / 2, limit);
        _writeBytes = Math.Min(MaxWriteBytes, limit / 16);
        (_enqueue, _ended, _retention, _logger) = (enqueue, ended, retention, logger);
        _thread = new Thread(Run) { IsBackground = true, Name = "History compactor" };
        _thread.Start();
    }

    /// <summary>The last attempt has failed; the next one may not.</summary>
    public bool HasFailed
    {
        get
        {
            lock (_gate)
            {
                return _hasFailed;
            }
        }
    }

    /// <summary>The log is so long that appends have to wait.</summary>
    public bool HoldsBack => _log.Bytes > Interlocked.Read(ref _allowed) && !HasFailed;

    /// <summary>The log has grown.</summary>
    public void Wake()
    {
        if (_log.Bytes >= _startAt)
        {
            lock (_gate)
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>Moves everything that is in the log now.</summary>
    /// <returns>Complete when it is in chunks.</returns>
    public Task Compact() => Ask(_asked);

    /// <summary>Drops what the rules of retention do not keep now.</summary>
    /// <returns>Complete when it is gone, and space has been given back.</returns>
    public Task Drop() => Ask(_askedToDrop);

    /// <summary>Returns when the transaction under way is done. What is still in the log stays there.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
    }

    private Task Ask(List<TaskCompletionSource> asked)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            asked.Add(done);
            Monitor.Pulse(_gate);
        }

        return done.Task;
    }

    private void Run()
    {
        while (WaitForWork() is var (toMove, toDrop))
        {
            if (toMove.Count > 0 || _log.Bytes >= _startAt)
            {
                var failure = Attempt(MoveAll);
                Ended(failure);
                Settle(toMove, failure);
            }

            if (toDrop.Count > 0)
            {
                var failure = Attempt(() => _retention.Run(Commit, MakeRoom, _logger));
                if (failure is not (null or OperationCanceledException))
                {
                    LogNotDropped(_logger, failure);
                }

                Settle(toDrop, failure);
            }
        }
    }

    private static Exception? Attempt(Action work)
    {
        try
        {
            work();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private static void Settle(List<TaskCompletionSource> asked, Exception? failure)
    {
        foreach (var done in asked)
        {
            if (failure is null)
            {
                done.SetResult();
            }
            else
            {
                done.SetException(failure);
            }
        }
    }

    /// <returns>Who waits for what; null at the end.</returns>
    private (List<TaskCompletionSource> ToMove, List<TaskCompletionSource> ToDrop)? WaitForWork()
    {
        lock (_gate)
        {
            if (_hasFailed && !_closed)
            {
                Monitor.Wait(_gate, RetryAfter);
            }

            while (!_closed && _asked.Count == 0 && _askedToDrop.Count == 0 && _log.Bytes < _startAt)
            {
                Monitor.Wait(_gate);
            }

            List<TaskCompletionSource> toMove = [.. _asked], toDrop = [.. _askedToDrop];
            _asked.Clear();
            _askedToDrop.Clear();
            if (_closed)
            {
                toMove.ForEach(done => done.SetCanceled());
                toDrop.ForEach(done => done.SetCanceled());
                return null;
            }

            return (toMove, toDrop);
        }
    }

    private void Ended(Exception? failure)
    {
        lock (_gate)
        {
            if (failure is not null && !_hasFailed && !_closed)
            {
                LogFailed(_logger, failure);
            }

            _hasFailed = failure is not null;
        }

        Interlocked.Exchange(ref _allowed, _limit);
        _ended();
    }

    private void MoveAll()
    {
        CrashPoint.Reach(CrashPoint.CompactionBefore);
        using var connection = Connection.OpenReader(_path).MakeDurable();
        var lastRow = _log.LastRow();
        var changes = new List<TopicChange>();
        var (bytes, moved, underWay) = (0L, 0, Task.CompletedTask);
        LogTopic[] topics = [.. _log.Topics.Where(topic => !topic.IsIdle).OrderBy(topic => topic.Id)];
        var begun = _log.Bytes;
        foreach (var topic in topics)
        {
            moved++;

            // One snapshot for what one write carries: a topic comes once, so nothing that is under way is missing in it.
            if (!connection.IsInTransaction)
            {
                connection.Begin(write: false);
            }

            if (TopicChange.Of(connection, topic) is not { } change)
            {
                continue;
            }

            change.Damage.ForEach(damage => LogDamaged(_logger, damage.Message));
            changes.Add(change);
            bytes += change.Bytes;
            if (bytes >= _writeBytes || changes.Count >= WriteTopics)
            {
                connection.Commit();
                Interlocked.Exchange(ref _allowed, Allowed(begun, (double)moved / topics.Length));
                if (underWay != Task.CompletedTask)
                {
                    underWay.GetAwaiter().GetResult();
                    CrashPoint.Reach(CrashPoint.CompactionChunks);
                }

                underWay = Send(new CompactionWrite(_log, changes), underWay);
                (changes, bytes) = ([], 0);
            }
        }

        if (changes.Count > 0)
        {
            connection.Commit();
            underWay = Send(new CompactionWrite(_log, changes), underWay);
        }

        underWay.GetAwaiter().GetResult();
        CrashPoint.Reach(CrashPoint.CompactionLog);
        RemoveRows(lastRow);
        TopicChange.Forget();
    }

    // Of what is free when it begins, appends may fill a half at once and the other in step with it: whoever is faster than
    // the compactor waits a little for each commit, and not for the whole way of the log into chunks.
    private long Allowed(long begun, double progress) => begun + (long)((_limit - begun) * (0.5 + progress / 2));

    private void RemoveRows(long upTo)
    {
        while (_log.FirstRows(upTo, RemovedBytes) is { Count: > 0 } rows)
        {
            Send(new LogRemoval(_log, rows), Task.CompletedTask).GetAwaiter().GetResult();
        }
    }

    /// <summary>In the middle of retention: the log goes first, because appends wait for it when it is full.</summary>
    private void MakeRoom()
    {
        if (_log.Bytes >= _startAt)
        {
            MoveAll();
            Ended(null);
        }
    }

    private void Commit(SqliteWrite write)
    {
        MakeRoom();
        Send(write, Task.CompletedTask).GetAwaiter().GetResult();
    }

    /// <summary>One write is under way while the next one is prepared.</summary>
    private Task<ImmutableArray<long>> Send(SqliteWrite write, Task underWay)
    {
        underWay.GetAwaiter().GetResult();
        lock (_gate)
        {
            if (_closed)
            {
                throw new OperationCanceledException("The history is closed.");
            }
        }

        _enqueue(write);
        return write.Done;
    }

    private sealed class LogRemoval(LogIndex log, List<long> rows) : SqliteWrite
    {
        public override long Size => 0;

        protected override Exception? Apply(Connection connection)
        {
            // One by one: between them may be a damaged one, which SQLite cannot delete.
            foreach (var row in rows)
            {
                connection.Prepare("DELETE FROM log WHERE id = ?1").Bind(1, row).Run();
            }

            return null;
        }

        protected override void OnDurable()
        {
            log.RemoveRows(rows.Count);
            log.ForgetIdle();
        }
    }
}
