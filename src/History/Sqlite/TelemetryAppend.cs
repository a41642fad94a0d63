using OrleansIoT.History.Sqlite.Log;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Sqlite;

/// <summary>Messages of one topic, behind those that it has, and what comes with them.</summary>
internal sealed class TelemetryAppend : SqliteWrite
{
    // About what a reading takes besides its payload.
    private const int ReadingOverhead = 40;

    private readonly LogGroup _log;
    private readonly string _topic;
    private readonly string _tenant;
    private readonly long _firstSeq;
    private readonly IReadOnlyList<TelemetryMessage> _readings;
    private readonly AppendedEffects? _effects;

    public TelemetryAppend(
        LogGroup log,
        string topic,
        long firstSeq,
        IReadOnlyList<TelemetryMessage> messages,
        AppendEffects? effects,
        SessionQueues queues)
    {
        ArgumentOutOfRangeException.ThrowIfZero(messages.Count);
        var slash = topic.IndexOf('/', StringComparison.Ordinal);
        var (readings, retained) = (0, 0);
        foreach (var message in messages)
        {
            if (!topic.AsSpan(slash + 1).SequenceEqual(message.Topic))
            {
                throw new ArgumentException($"A message of {message.Topic} is not one of {topic}.", nameof(messages));
            }

            readings += IsReading(message, effects) ? 1 : 0;
            retained += message.Retain ? 1 : 0;
            Size += message.Payload.Length + ReadingOverhead;
        }

        _log = log;
        _topic = topic;
        _tenant = topic[..slash];
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
            // The fence: a topic is extended only from where the writer believes it ends.
            var topic = _log.Find(connection, _topic);
            var last = topic?.NextToLast ?? 0;
            if (last != _firstSeq - 1)
            {
                return new SequenceConflictException($"The history of {_topic} ends at {last}; {_firstSeq} does not follow.");
            }

            _log.Append(connection, topic ?? _log.Create(connection, _topic), _tenant, _readings);
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
}
