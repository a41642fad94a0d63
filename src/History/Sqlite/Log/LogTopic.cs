namespace OrleansIoT.History.Sqlite.Log;

/// <summary>A reading that is in the log: its event time in ticks, and where the rest of it is.</summary>
internal readonly record struct PendingReading(long At, byte[] Block, int Offset)
{
    public long Seq => LogReading.ReadSeq(Block.AsSpan(Offset));
}

/// <summary>What is known of a topic's end at one moment; it does not change any more.</summary>
/// <param name="LastSeq">The number of its last durable reading.</param>
/// <param name="Pending">Its readings in the log, ascending by number.</param>
/// <param name="IsSorted">Event times ascend as numbers do.</param>
/// <param name="Latest">The one of them with the greatest position, or null when there are none.</param>
/// <param name="Damaged">Readings that a start has found damaged in the log.</param>
internal sealed record LogView(
    long LastSeq, ReadOnlyMemory<PendingReading> Pending, bool IsSorted, PendingReading? Latest, IReadOnlyList<LogEntry> Damaged);

/// <summary>
/// A topic that has readings in the log, or had lately. The writer's thread alone changes it; readers take a
/// <see cref="LogView"/>.
/// </summary>
internal sealed class LogTopic(long id, string key, long lastSeq)
{
    private readonly List<LogEntry> _damaged = [];
    private PendingReading[] _pending = [];
    private int _count;
    private int _latest;
    private bool _isSorted = true;
    private long _lastSeq = lastSeq;

    public long Id => id;

    public string Key => key;

    /// <summary>Who published to it last, so that the next one is found without a search. Of the writer's thread.</summary>
    public LogDevice? LastDevice { get; set; }

    /// <summary>Its last number with what the running transaction adds. Of the writer's thread.</summary>
    public long NextToLast { get; set; } = lastSeq;

    /// <summary>The number of its last durable reading.</summary>
    public long LastSeq
    {
        get
        {
            lock (this)
            {
                return _lastSeq;
            }
        }
    }

    public bool IsIdle
    {
        get
        {
            lock (this)
            {
                return _count == 0 && _damaged.Count == 0;
            }
        }
    }

    public LogView View()
    {
        lock (this)
        {
            return new LogView(
                _lastSeq, _pending.AsMemory(0, _count), _isSorted, _count == 0 ? null : _pending[_latest], [.. _damaged]);
        }
    }

    /// <summary>Readings have become durable.</summary>
    /// <param name="readings">With offsets from the beginning of the block's part that is theirs.</param>
    /// <param name="block">Where they are.</param>
    /// <param name="start">Where their part of it begins.</param>
    /// <param name="lastSeq">The number of the last of them.</param>
    public void Append(ReadOnlySpan<(long At, int Offset)> readings, byte[] block, int start, long lastSeq)
    {
        lock (this)
        {
            // Views hold the array, but nothing behind their count.
            if (_pending.Length - _count < readings.Length)
            {
                Array.Resize(ref _pending, Math.Max(_pending.Length * 2, _count + readings.Length));
            }

            foreach (var (at, offset) in readings)
            {
                _isSorted &= _count == 0 || at >= _pending[_count - 1].At;
                _pending[_count] = new PendingReading(at, block, start + offset);
                _latest = _count == 0 || at >= _pending[_latest].At ? _count : _latest;
                _count++;
            }

            _lastSeq = lastSeq;
        }
    }

    /// <summary>A start has found these damaged; their numbers are not given again.</summary>
    public void AddDamaged(LogEntry entry)
    {
        lock (this)
        {
            _damaged.Add(entry);
            _lastSeq = Math.Max(_lastSeq, entry.LastSeq);
            NextToLast = _lastSeq;
        }
    }

    /// <summary>The first ones are in chunks now.</summary>
    public void Drop(int count)
    {
        lock (this)
        {
            _pending = _pending[count.._count];
            _count = _pending.Length;
            _isSorted |= _count == 0;
            _latest = 0;
            for (var i = 1; i < _count; i++)
            {
                _latest = _pending[i].At >= _pending[_latest].At ? i : _latest;
            }
        }
    }
}
