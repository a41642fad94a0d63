using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Sqlite;

/// <summary>Messages of one topic, behind those that it has, and what comes with them.</summary>
internal sealed class TelemetryAppend : SqliteWrite
{
    // The fence: a topic is extended only from where the writer believes it ends.
    private const string ExtendTopic =
        "UPDATE topic SET last_seq = last_seq + ?3 WHERE name = ?1 AND last_seq = ?2 - 1 RETURNING id";

    private const string AddTopic =
        "INSERT INTO topic (name, last_seq) VALUES (?1, ?2) ON CONFLICT DO NOTHING RETURNING id";

    private const string LastSeq = "SELECT last_seq FROM topic WHERE name = ?1";

    private const string CountDevice =
        """
        INSERT INTO device (name, readings, received_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (name) DO UPDATE SET readings = readings + excluded.readings, received_at = excluded.received_at
        RETURNING id, readings
        """;

    private const string AddReading =
        """
        INSERT INTO reading (topic, at, seq, device, device_seq, received_at, has_own_time, dup, packet_id, payload)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        """;

    // About what a reading takes besides its payload.
    private const int ReadingOverhead = 64;

    private readonly string _topic;
    private readonly string _tenant;
    private readonly long _firstSeq;
    private readonly IReadOnlyList<TelemetryMessage> _readings;
    private readonly AppendedEffects? _effects;

    public TelemetryAppend(
        string topic, long firstSeq, IReadOnlyList<TelemetryMessage> messages, AppendEffects? effects, SessionQueues queues)
    {
        ArgumentOutOfRangeException.ThrowIfZero(messages.Count);
        var key = GrainKey.Parse(topic);
        var (readings, retained) = (0, 0);
        foreach (var message in messages)
        {
            if (message.Topic != key.Name)
            {
                throw new ArgumentException($"A message of {message.Topic} is not one of {topic}.", nameof(messages));
            }

            readings += IsReading(message, effects) ? 1 : 0;
            retained += message.Retain ? 1 : 0;
            Size += message.Payload.Length + ReadingOverhead;
        }

        _topic = topic;
        _tenant = key.Tenant;
        _firstSeq = firstSeq;
        _readings = readings == messages.Count ? messages : [.. messages.Where(message => IsReading(message, effects))];
        if (effects is not null || retained > 0)
        {
            _effects = new AppendedEffects(queues, topic, Numbered(messages, firstSeq, effects), effects);
            Size += _effects.Size;
        }
    }

    public override long Size { get; }

    public override int Readings => _readings.Count;

    protected override Exception? Apply(Connection connection)
    {
        if (_readings.Count > 0)
        {
            if (Extend(connection) is not { } topic)
            {
                return Conflict(connection);
            }

            for (var i = 0; i < _readings.Count;)
            {
                i = AddRun(connection, topic, i);
            }
        }

        if (_effects is not null)
        {
            QueueNumbers = _effects.Apply(connection);
        }

        return null;
    }

    private static bool IsReading(TelemetryMessage message, AppendEffects? effects) =>
        !message.IsStored && effects is not { IsTransient: true };

    private static List<TelemetryMessage> Numbered(
        IReadOnlyList<TelemetryMessage> messages, long firstSeq, AppendEffects? effects)
    {
        var numbered = new List<TelemetryMessage>(messages.Count);
        foreach (var message in messages)
        {
            numbered.Add(IsReading(message, effects) ? message with { Seq = firstSeq++ } : message);
        }

        return numbered;
    }

    /// <returns>The topic's id, or null when it does not end before the first message.</returns>
    private long? Extend(Connection connection)
    {
        using var extend = connection.Prepare(ExtendTopic)
            .Bind(1, _topic).Bind(2, _firstSeq).Bind(3, _readings.Count);
        if (extend.Step())
        {
            return extend.Int64(0);
        }

        if (_firstSeq != 1)
        {
            return null;
        }

        using var add = connection.Prepare(AddTopic).Bind(1, _topic).Bind(2, _readings.Count);
        return add.Step() ? add.Int64(0) : null;
    }

    private SequenceConflictException Conflict(Connection connection)
    {
        using var row = connection.Prepare(LastSeq).Bind(1, _topic);
        var last = row.Step() ? row.Int64(0) : 0;
        return new SequenceConflictException($"The history of {_topic} ends at {last}; {_firstSeq} does not follow.");
    }

    /// <summary>Adds the messages of one device that follow one another, and counts them.</summary>
    /// <returns>The index behind the run.</returns>
    private int AddRun(Connection connection, long topic, int start)
    {
        var name = _readings[start].Device;
        var end = start + 1;
        while (end < _readings.Count && _readings[end].Device == name)
        {
            end++;
        }

        using var count = connection.Prepare(CountDevice)
            .Bind(1, new GrainKey(_tenant, name).ToString()).Bind(2, end - start).Bind(3, _readings[end - 1].ReceivedAt);
        count.Step();
        var device = count.Int64(0);
        var deviceSeq = count.Int64(1) - (end - start) + 1;

        var add = connection.Prepare(AddReading).Bind(1, topic).Bind(4, device);
        for (var i = start; i < end; i++)
        {
            var message = _readings[i];
            add.Bind(2, message.At)
                .Bind(3, _firstSeq + i)
                .Bind(5, deviceSeq + i - start)
                .Bind(6, message.ReceivedAt)
                .Bind(7, message.HasOwnTime)
                .Bind(8, message.Dup)
                .Bind(9, message.PacketId)
                .Bind(10, message.Payload.Span)
                .Run();
        }

        return end;
    }
}
