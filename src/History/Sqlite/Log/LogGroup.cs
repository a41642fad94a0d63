using System.Runtime.InteropServices;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Sqlite.Log;

/// <summary>
/// The readings of the running transaction, on the writer's thread: they become one row of the log, and nobody sees them
/// before it is durable.
/// </summary>
internal sealed class LogGroup(LogIndex index)
{
    private const string FindTopic = "SELECT id, last_seq FROM topic WHERE name = ?1";
    private const string AddTopic = "INSERT INTO topic (name, last_seq) VALUES (?1, 0) RETURNING id";
    private const string FindDevice = "SELECT id, readings, received_at FROM device WHERE name = ?1";
    private const string AddDevice = "INSERT INTO device (name, readings, received_at) VALUES (?1, 0, 0) RETURNING id";
    private const string AddRow = "INSERT INTO log (id, directory, readings) VALUES (?1, ?2, ?3)";

    private const int BlockBytes = 1 << 20;

    private readonly LogBuffer _directory = new();
    private readonly LogBuffer _readings = new();
    private readonly List<(long At, int Offset)> _places = [];
    private readonly List<(LogTopic Topic, int First, int Count, long LastSeq)> _runs = [];
    private readonly Dictionary<LogDevice, int> _devices = [];
    private readonly HashSet<LogTopic> _newTopics = [];
    private readonly HashSet<LogDevice> _newDevices = [];
    private byte[] _block = [];
    private int _blockUsed;
    private long _row;

    /// <summary>The topic, or null when it has never had a reading.</summary>
    public LogTopic? Find(Connection connection, string key)
    {
        if (index.Topic(key) is { } known)
        {
            return known;
        }

        using var row = connection.Prepare(FindTopic).Bind(1, key);
        return row.Step() ? Add(new LogTopic(row.Int64(0), key, row.Int64(1))) : null;
    }

    public LogTopic Create(Connection connection, string key)
    {
        using var row = connection.Prepare(AddTopic).Bind(1, key);
        row.Step();
        var topic = Add(new LogTopic(row.Int64(0), key, 0));
        _newTopics.Add(topic);
        return topic;
    }

    /// <summary>Adds readings behind those that the topic has.</summary>
    public void Append(Connection connection, LogTopic topic, string tenant, IReadOnlyList<TelemetryMessage> messages)
    {
        var first = _places.Count;
        long firstAt = long.MaxValue, lastAt = 0, seq = topic.NextToLast;
        var device = topic.LastDevice;
        foreach (var message in messages)
        {
            if (device is null || device.IsForgotten || !device.IsNamed(message.Device))
            {
                device = Device(connection, $"{tenant}/{message.Device}");
            }

            var at = message.At.UtcTicks;
            (firstAt, lastAt) = (Math.Min(firstAt, at), Math.Max(lastAt, at));
            device.Next = (device.Next.Readings + 1, message.ReceivedAt.UtcTicks);
            CollectionsMarshal.GetValueRefOrAddDefault(_devices, device, out _)++;
            if (message is { HasOwnTime: false, PacketId: not 0 })
            {
                device.Mark(topic);
            }

            _places.Add((at, LogReading.Write(_readings, message, ++seq, device.Id, device.Next.Readings)));
        }

        LogDirectory.Write(_directory, new LogEntry(topic.Id, topic.NextToLast + 1, messages.Count, firstAt, lastAt));
        topic.LastDevice = device;
        topic.NextToLast = seq;
        _runs.Add((topic, first, messages.Count, seq));
    }

    /// <summary>Writes the row, if there is anything to write.</summary>
    public void WriteRow(Connection connection)
    {
        if (_places.Count == 0)
        {
            return;
        }

        _directory.Seal();
        _readings.Seal();
        _row = index.NextRow;
        connection.Prepare(AddRow).Bind(1, _row).Bind(2, _directory.Written).Bind(3, _readings.Written).Run();
    }

    /// <summary>The transaction is durable: now everybody sees its readings.</summary>
    public void Commit()
    {
        if (_places.Count > 0)
        {
            var start = Keep(_readings.Written);
            var places = CollectionsMarshal.AsSpan(_places);
            foreach (var (topic, first, count, lastSeq) in _runs)
            {
                topic.Append(places.Slice(first, count), _block, start, lastSeq);
            }

            foreach (var (device, count) in _devices)
            {
                device.Commit(count);
            }

            index.AddRow(_row, _readings.Length + _directory.Length);
        }

        Clear();
    }

    /// <summary>Nothing of it has come about.</summary>
    public void Rollback()
    {
        foreach (var (topic, _, _, _) in _runs)
        {
            topic.NextToLast = topic.LastSeq;
        }

        foreach (var device in _devices.Keys)
        {
            device.Next = device.Durable;
        }

        foreach (var topic in _newTopics)
        {
            index.Remove(topic);
        }

        foreach (var device in _newDevices)
        {
            index.Remove(device);
        }

        Clear();
    }

    private void Clear()
    {
        _directory.Clear();
        _readings.Clear();
        _places.Clear();
        _runs.Clear();
        _devices.Clear();
        _newTopics.Clear();
        _newDevices.Clear();
    }

    private LogTopic Add(LogTopic topic)
    {
        index.Add(topic);
        return topic;
    }

    private LogDevice Device(Connection connection, string key)
    {
        if (index.Device(key) is { } known)
        {
            return known;
        }

        using var row = connection.Prepare(FindDevice).Bind(1, key);
        if (row.Step())
        {
            var found = new LogDevice(row.Int64(0), key, row.Int64(1), row.Int64(2));
            index.Add(found);
            return found;
        }

        using var added = connection.Prepare(AddDevice).Bind(1, key);
        added.Step();
        var device = new LogDevice(added.Int64(0), key, 0, 0);
        index.Add(device);
        _newDevices.Add(device);
        return device;
    }

    /// <returns>Where in the block the bytes begin.</returns>
    private int Keep(ReadOnlySpan<byte> bytes)
    {
        if (_block.Length - _blockUsed < bytes.Length)
        {
            _block = new byte[Math.Max(BlockBytes, bytes.Length)];
            _blockUsed = 0;
        }

        bytes.CopyTo(_block.AsSpan(_blockUsed));
        _blockUsed += bytes.Length;
        return _blockUsed - bytes.Length;
    }
}
