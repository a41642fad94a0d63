using System.Collections.Immutable;
using System.Diagnostics;

namespace OrleansIoT.History;

/// <summary>
/// One thread that commits what has been queued, in the order of the calls. Batching is natural, never timed: whatever
/// has arrived while the last commit ran goes into the next one, up to a size.
/// </summary>
/// <remarks>
/// Back pressure is the task of each write, which completes no sooner than its commit: a caller that awaits has one
/// write in the queue. A line of callers in front of a full queue would hold the same bytes as a longer queue, so
/// beyond the limit writes are refused instead.
/// </remarks>
internal sealed class GroupCommit<TWrite> : IDisposable
    where TWrite : Write
{
    private readonly object _gate = new();
    private readonly Queue<TWrite> _waiting = new();
    private readonly Queue<TWrite> _first = new();
    private readonly HistoryOptions _limits;
    private readonly HistoryMetrics _metrics;
    private readonly Action<List<TWrite>> _commit;
    private readonly Func<bool> _holdsBack;
    private readonly Thread _thread;
    private long _waitingBytes;
    private bool _isWaiting;
    private bool _closed;

    /// <param name="limits">How much may wait, and how much one transaction takes.</param>
    /// <param name="metrics">Hears how many wait.</param>
    /// <param name="commit">Commits the writes as one transaction and settles the task of each.</param>
    /// <param name="holdsBack">Whether only what goes first may be committed now; null for never.</param>
    public GroupCommit(
        HistoryOptions limits, HistoryMetrics metrics, Action<List<TWrite>> commit, Func<bool>? holdsBack = null)
    {
        _holdsBack = holdsBack ?? (() => false);
        _limits = limits;
        _metrics = metrics;
        _commit = commit;
        _thread = new Thread(Run) { IsBackground = true, Name = "History writer" };
        _thread.Start();
    }

    /// <summary>Queues the write before it returns.</summary>
    /// <returns>The write's task.</returns>
    public Task<ImmutableArray<long>> Enqueue(TWrite write)
    {
        lock (_gate)
        {
            if (_closed)
            {
                write.FailUnavailable("The history is closed.");
            }
            else if (_waiting.Count > 0 && _waitingBytes + write.Size > _limits.QueueBytes)
            {
                write.FailUnavailable("More waits to be stored than the disk keeps up with.");
            }
            else
            {
                write.QueuedAt = Stopwatch.GetTimestamp();
                _waiting.Enqueue(write);
                _waitingBytes += write.Size;
                _metrics.Queued();
                if (_isWaiting)
                {
                    _isWaiting = false;
                    Monitor.Pulse(_gate);
                }
            }
        }

        return write.Done;
    }

    /// <summary>Queues a write that everything else waits for; of the store's own, and never refused while it is open.</summary>
    public void EnqueueFirst(TWrite write)
    {
        lock (_gate)
        {
            if (_closed)
            {
                write.FailUnavailable("The history is closed.");
                return;
            }

            _first.Enqueue(write);
            _metrics.Queued();
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>What holds back may have changed.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Takes no more writes, and returns when those that wait are settled.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
    }

    private void Run()
    {
        var batch = new List<TWrite>();
        while (Take(batch))
        {
            var writes = batch.Count;
            _commit(batch); // takes those out that fail on their own
            _metrics.Settled(writes, batch);
            batch.Clear();
        }
    }

    private bool Take(List<TWrite> batch)
    {
        lock (_gate)
        {
            bool holdsBack;
            while (true)
            {
                holdsBack = !_closed && _holdsBack();
                if (_first.Count > 0 || (_waiting.Count > 0 && !holdsBack))
                {
                    break;
                }

                if (_closed)
                {
                    return false;
                }

                _isWaiting = true;
                Monitor.Wait(_gate);
            }

            while (_first.TryDequeue(out var first))
            {
                batch.Add(first);
            }

            long bytes = 0;
            while (!holdsBack && _waiting.TryPeek(out var next)
                   && (batch.Count == 0 || bytes + next.Size <= _limits.TransactionBytes))
            {
                bytes += next.Size;
                batch.Add(_waiting.Dequeue());
            }

            _waitingBytes -= bytes;
            return true;
        }
    }
}
