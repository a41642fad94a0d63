namespace OrleansIoT.History.Sqlite.Log;

/// <summary>A device that has readings in the log, or had lately. The writer's thread alone changes it.</summary>
internal sealed class LogDevice(long id, string key, long readings, long receivedAt)
{
    private readonly List<LogTopic> _marked = [];
    private long _readings = readings;
    private long _receivedAt = receivedAt;
    private int _pending;

    public long Id => id;

    /// <summary><c>{tenant}/{device}</c>.</summary>
    public string Key => key;

    /// <summary>Its readings with those of the running transaction, and when the last of them arrived. Of the writer's thread.</summary>
    public (long Readings, long ReceivedAt) Next { get; set; } = (readings, receivedAt);

    /// <summary>It is not in the index any more; another object may stand for the device. Of the writer's thread.</summary>
    public bool IsForgotten { get; set; }

    public bool IsIdle
    {
        get
        {
            lock (this)
            {
                return _pending == 0;
            }
        }
    }

    /// <summary>How many readings it has, ever, and when the last of them arrived, in ticks.</summary>
    public (long Readings, long ReceivedAt) Durable
    {
        get
        {
            lock (this)
            {
                return (_readings, _receivedAt);
            }
        }
    }

    /// <summary>Topics to which it has published readings without a time of their own since it is here.</summary>
    public LogTopic[] MarkedTopics
    {
        get
        {
            lock (this)
            {
                return [.. _marked];
            }
        }
    }

    /// <param name="name">The name of a device of the same tenant.</param>
    public bool IsNamed(ReadOnlySpan<char> name) =>
        key.Length > name.Length && key.AsSpan(key.Length - name.Length).SequenceEqual(name)
        && key.IndexOf('/', StringComparison.Ordinal) == key.Length - name.Length - 1;

    /// <summary>What the transaction added is durable.</summary>
    public void Commit(int pending)
    {
        lock (this)
        {
            (_readings, _receivedAt) = Next;
            _pending += pending;
        }
    }

    public void Mark(LogTopic topic)
    {
        lock (this)
        {
            if (!_marked.Contains(topic))
            {
                _marked.Add(topic);
            }
        }
    }

    /// <summary>So many of its readings are in chunks now.</summary>
    public void Drop(int count)
    {
        lock (this)
        {
            _pending -= count;
            if (_pending == 0)
            {
                _marked.Clear();
            }
        }
    }
}
