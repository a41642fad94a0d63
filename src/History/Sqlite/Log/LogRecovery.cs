namespace OrleansIoT.History.Sqlite.Log;

/// <summary>A row of the log that a start has found damaged.</summary>
/// <param name="Row">Its id.</param>
/// <param name="Topic">The topic's key; null when not even the directory can be read.</param>
/// <param name="Entry">Which of its readings are lost.</param>
internal sealed record LogDamage(long Row, string? Topic, LogEntry Entry);

/// <summary>
/// Builds the index from the rows of the log. What is damaged is set aside and said; it is never served, and its numbers are
/// never given again.
/// </summary>
internal sealed class LogRecovery(Connection connection, LogIndex index)
{
    // Of so many topics the rows are read together.
    private const int Many = 10_000;

    private readonly Dictionary<long, (LogTopic Topic, long Watermark)> _topics = [];
    private readonly Dictionary<long, LogDevice> _devices = [];

    /// <summary>Rows of devices that are likely to be asked for.</summary>
    private readonly Dictionary<long, (string Name, long Readings, long ReceivedAt)> _known = [];

    /// <summary>How many readings are in the log and not in chunks.</summary>
    public long Readings { get; private set; }

    /// <summary>Everything that is damaged, also what earlier starts have set aside.</summary>
    public List<LogDamage> Damage { get; } = [];

    public void Run()
    {
        foreach (var row in Rows("damaged_log"))
        {
            index.Skip(row.Id);
            AddDamage(row.Id, LogDirectory.Read(row.Directory));
        }

        var rows = Rows("log").Select(row => (row.Id, Entries: LogDirectory.Read(row.Directory), row.Directory, row.Readings)).ToList();
        LoadMany([.. rows.SelectMany(row => row.Entries ?? []).Select(entry => entry.Topic)]);
        var damaged = new List<(long Row, List<LogEntry>? Lost)>();
        foreach (var (id, entries, directory, readings) in rows)
        {
            index.Skip(id);
            if (entries is null || !LogBuffer.IsWhole(readings))
            {
                var lost = entries?.Select(NotInChunks).Where(entry => entry.Count > 0).ToList();
                damaged.Add((id, lost));
                AddDamage(id, lost);
                continue;
            }

            index.AddRow(id, directory.Length + readings.Length);
            Add(entries, readings);
        }

        SetAside(damaged);
    }

    private void Add(List<LogEntry> entries, byte[] readings)
    {
        var offset = 0;
        var places = new List<(long At, int Offset)>();
        foreach (var entry in entries)
        {
            var (topic, watermark) = Topic(entry.Topic);
            places.Clear();
            for (var i = 0; i < entry.Count; i++)
            {
                var start = offset;
                var reading = LogReading.Read(readings, ref offset);
                if (reading.Seq > watermark)
                {
                    places.Add((reading.At, start));
                    var device = Device(reading.Device);
                    device.Next = reading.DeviceSeq > device.Next.Readings ? (reading.DeviceSeq, reading.ReceivedAt) : device.Next;
                    device.Commit(1);
                    if (reading is { HasOwnTime: false, PacketId: not 0 })
                    {
                        device.Mark(topic);
                    }
                }
            }

            if (places.Count > 0)
            {
                topic.Append(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(places), readings, 0, entry.LastSeq);
                topic.NextToLast = entry.LastSeq;
                Readings += places.Count;
            }
        }
    }

    /// <summary>What is behind the watermark of its topic; the rest is in chunks too, and whole there.</summary>
    private LogEntry NotInChunks(LogEntry entry)
    {
        var first = Math.Max(entry.FirstSeq, Topic(entry.Topic).Watermark + 1);
        return entry with { FirstSeq = first, Count = (int)Math.Max(0, entry.LastSeq - first + 1) };
    }

    private void AddDamage(long row, List<LogEntry>? lost)
    {
        if (lost is null)
        {
            Damage.Add(new LogDamage(row, null, default));
        }

        foreach (var entry in lost ?? [])
        {
            var topic = Topic(entry.Topic).Topic;
            topic.AddDamaged(entry);
            Damage.Add(new LogDamage(row, topic.Key, entry));
        }
    }

    private void SetAside(List<(long Row, List<LogEntry>? Lost)> damaged)
    {
        foreach (var (row, lost) in damaged)
        {
            var directory = new LogBuffer();
            lost?.ForEach(entry => LogDirectory.Write(directory, entry));
            directory.Seal();
            try
            {
                connection.Begin();
                connection.Prepare("INSERT INTO damaged_log SELECT id, directory, readings FROM log WHERE id = ?1").Bind(1, row).Run();
                if (lost is not null)
                {
                    connection.Prepare("UPDATE damaged_log SET directory = ?2 WHERE id = ?1").Bind(1, row).Bind(2, directory.Written).Run();
                }

                connection.Prepare("DELETE FROM log WHERE id = ?1").Bind(1, row).Run();
                connection.Commit();
            }
            catch (SqliteException e) when (e.IsCorrupt)
            {
                // Not even its pages hang together: it stays where it is, and the next start finds it again.
                connection.Rollback();
            }
        }
    }

    private IEnumerable<(long Id, byte[] Directory, byte[] Readings)> Rows(string table)
    {
        using var rows = connection.Prepare($"SELECT id, directory, readings FROM {table} ORDER BY id");
        while (rows.Step())
        {
            yield return (rows.Int64(0), rows.Blob(1).ToArray(), rows.Blob(2).ToArray());
        }
    }

    /// <summary>
    /// A million look-ups take seconds. When a log has very many topics, their rows are read in the order in which they
    /// lie there, and so are those of as many devices, most of which are needed.
    /// </summary>
    private void LoadMany(HashSet<long> topics)
    {
        if (topics.Count < Many)
        {
            return;
        }

        using (var row = connection.Prepare("SELECT id, name, last_seq FROM topic WHERE id BETWEEN ?1 AND ?2")
            .Bind(1, topics.Min()).Bind(2, topics.Max()))
        {
            while (row.Step())
            {
                if (topics.Contains(row.Int64(0)))
                {
                    Add(new LogTopic(row.Int64(0), row.Text(1), row.Int64(2)), row.Int64(2));
                }
            }
        }

        using var devices = connection.Prepare("SELECT id, name, readings, received_at FROM device LIMIT ?1").Bind(1, topics.Count);
        while (devices.Step())
        {
            _known[devices.Int64(0)] = (devices.Text(1), devices.Int64(2), devices.Int64(3));
        }
    }

    private (LogTopic Topic, long Watermark) Add(LogTopic topic, long watermark)
    {
        index.Add(topic);
        return _topics[topic.Id] = (topic, watermark);
    }

    private (LogTopic Topic, long Watermark) Topic(long id)
    {
        if (_topics.TryGetValue(id, out var known))
        {
            return known;
        }

        using var row = connection.Prepare("SELECT name, last_seq FROM topic WHERE id = ?1").Bind(1, id);
        if (!row.Step())
        {
            throw new InvalidDataException($"The log has readings of topic {id}, which is not in the database.");
        }

        return Add(new LogTopic(id, row.Text(0), row.Int64(1)), row.Int64(1));
    }

    private LogDevice Device(long id)
    {
        if (_devices.TryGetValue(id, out var known))
        {
            return known;
        }

        var (name, readings, receivedAt) = _known.TryGetValue(id, out var row) ? row : FindDevice(id);
        var device = new LogDevice(id, name, readings, receivedAt);
        index.Add(device);
        _devices.Add(id, device);
        return device;
    }

    private (string Name, long Readings, long ReceivedAt) FindDevice(long id)
    {
        using var row = connection.Prepare("SELECT name, readings, received_at FROM device WHERE id = ?1").Bind(1, id);
        return row.Step()
            ? (row.Text(0), row.Int64(1), row.Int64(2))
            : throw new InvalidDataException($"The log has readings of device {id}, which is not in the database.");
    }
}
