using System.Collections.Concurrent;

namespace OrleansIoT.History.Sqlite.Log;

/// <summary>
/// What is in the log, in memory: its rows, and the topics and devices that they are of. It is bounded by the log, and by
/// a number of idle ones that are kept because they are likely to be asked for again.
/// </summary>
internal sealed class LogIndex
{
    // Some 200 bytes each.
    private const int MaxIdle = 150_000;

    private readonly ConcurrentDictionary<string, LogTopic> _topics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, LogDevice> _devices = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<long, LogDevice> _devicesById = new();
    private readonly Queue<(long Id, int Bytes)> _rows = new();
    private long _bytes;

    /// <summary>What the rows of the log take.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public ICollection<LogTopic> Topics => _topics.Values;

    public LogTopic? Topic(string key) => _topics.GetValueOrDefault(key);

    public LogDevice? Device(string key) => _devices.GetValueOrDefault(key);

    public LogDevice? Device(long id) => _devicesById.GetValueOrDefault(id);

    public void Add(LogTopic topic) => _topics[topic.Key] = topic;

    public void Add(LogDevice device)
    {
        _devices[device.Key] = device;
        _devicesById[device.Id] = device;
    }

    public void Remove(LogTopic topic) => _topics.TryRemove(topic.Key, out _);

    public void Remove(LogDevice device)
    {
        device.IsForgotten = true;
        _devices.TryRemove(device.Key, out _);
        _devicesById.TryRemove(device.Id, out _);
    }

    /// <summary>
    /// The id of the next row. No row gets that of an earlier one, which SQLite would give again when the log is empty: rows are
    /// taken out by their ids, and those behind have readings that are nowhere else. Of the writer's thread.
    /// </summary>
    public long NextRow { get; private set; } = 1;

    /// <summary>There is, or was, a row with this id.</summary>
    public void Skip(long id) => NextRow = Math.Max(NextRow, id + 1);

    public void AddRow(long id, int bytes)
    {
        Skip(id);
        lock (_rows)
        {
            _rows.Enqueue((id, bytes));
            Interlocked.Add(ref _bytes, bytes);
        }
    }

    /// <summary>The id of the last row, or 0.</summary>
    public long LastRow()
    {
        lock (_rows)
        {
            return _rows.Count == 0 ? 0 : _rows.Last().Id;
        }
    }

    /// <summary>The first rows, up to one and to about so many bytes, without taking them out.</summary>
    public List<long> FirstRows(long upTo, long maxBytes)
    {
        lock (_rows)
        {
            var (ids, bytes) = (new List<long>(), 0L);
            foreach (var row in _rows)
            {
                if (row.Id > upTo || bytes >= maxBytes)
                {
                    break;
                }

                ids.Add(row.Id);
                bytes += row.Bytes;
            }

            return ids;
        }
    }

    /// <summary>The first rows are not in the log any more.</summary>
    public void RemoveRows(int count)
    {
        lock (_rows)
        {
            for (var i = 0; i < count; i++)
            {
                Interlocked.Add(ref _bytes, -_rows.Dequeue().Bytes);
            }
        }
    }

    /// <summary>Forgets idle topics and devices, when they are many. On the writer's thread, outside a transaction.</summary>
    public void ForgetIdle()
    {
        if (_topics.Count > MaxIdle)
        {
            foreach (var topic in _topics.Values.Where(topic => topic.IsIdle))
            {
                Remove(topic);
            }
        }

        if (_devices.Count > MaxIdle)
        {
            foreach (var device in _devices.Values.Where(device => device.IsIdle))
            {
                Remove(device);
            }
        }
    }
}
