using System.Collections.Immutable;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Postgres;

/// <summary>
/// Messages of one topic, behind those that it has, and what comes with them. All bytes are made with it, on the caller's
/// thread: the writer's thread is for writing.
/// </summary>
internal sealed class TelemetryAppend : PostgresWrite
{
    // About what a reading takes besides its payload.
    private const int ReadingOverhead = 64;

    // About what a packet identifier takes.
    private const int ReceivedBytes = 8;

    private readonly long[] _queueNumbers;

    public TelemetryAppend(string topic, long firstSeq, IReadOnlyList<TelemetryMessage> messages, AppendEffects? effects)
    {
        ArgumentOutOfRangeException.ThrowIfZero(messages.Count);
        var key = GrainKey.Parse(topic);
        TelemetryMessage? retained = null;
        var readings = 0;
        foreach (var message in messages)
        {
            if (message.Topic != key.Name)
            {
                throw new ArgumentException($"A message of {message.Topic} is not one of {topic}.", nameof(messages));
            }

            readings += IsReading(message, effects) ? 1 : 0;
            Size += message.Payload.Length + ReadingOverhead;
        }

        (Topic, Tenant, FirstSeq) = (topic, key.Tenant, firstSeq);
        Stored = readings == messages.Count ? messages : [.. messages.Where(message => IsReading(message, effects))];
        _queueNumbers = new long[effects?.Queued.Count ?? 0];
        var blobs = effects is { Queued.Count: > 0 } ? new byte[]?[messages.Count] : [];
        var seqs = _queueNumbers.Length > 0 || messages.Any(message => message.Retain) ? SeqsOf(messages, firstSeq, effects) : [];
        for (var i = 0; i < _queueNumbers.Length; i++)
        {
            var (session, message, qos, retain, subscriptionIds) = effects!.Queued[i];
            var blob = blobs[message] ??= MessageBlob.Write(messages[message] with { Seq = seqs[message] });
            var entry = QueueEntry.Of(blob, qos, retain, subscriptionIds);
            Queued.Add((session, entry));
            Size += entry.Size;
        }

        // A message that is stored was retained with its first copy; since then another one may have been.
        for (var i = messages.Count - 1; i >= 0 && retained is null; i--)
        {
            if (messages[i].Retain && (effects is { IsTransient: true } || !messages[i].IsStored))
            {
                retained = messages[i] with { Seq = seqs[i] };
                Retained = new RetainedChange(key, retained);
                Size += Retained.Message.Length;
            }
        }

        Received = effects?.Received ?? ("", []);
        Size += Received.PacketIds.Count * ReceivedBytes;
    }

    public string Topic { get; }

    public string Tenant { get; }

    public long FirstSeq { get; }

    /// <summary>The messages that become readings.</summary>
    public IReadOnlyList<TelemetryMessage> Stored { get; }

    public List<(string Session, QueueEntry Entry)> Queued { get; } = [];

    public (string Session, IReadOnlyList<ushort> PacketIds) Received { get; }

    /// <summary>What becomes of the topic's retained message, or null for nothing.</summary>
    public RetainedChange? Retained { get; }

    public override IEnumerable<string> Sessions
    {
        get
        {
            var queues = Queued.Select(queued => queued.Session);
            return Received.PacketIds.Count == 0 ? queues : queues.Append(Received.Session);
        }
    }

    public override long Size { get; }

    public override int Readings => Stored.Count;

    public override ImmutableArray<long> QueueNumbers => [.. _queueNumbers];

    public void GotNumber(int queued, long number) => _queueNumbers[queued] = number;

    private static bool IsReading(TelemetryMessage message, AppendEffects? effects) =>
        !message.IsStored && effects is not { IsTransient: true };

    private static long[] SeqsOf(IReadOnlyList<TelemetryMessage> messages, long firstSeq, AppendEffects? effects)
    {
        var seqs = new long[messages.Count];
        for (var i = 0; i < seqs.Length; i++)
        {
            seqs[i] = IsReading(messages[i], effects) ? firstSeq++ : messages[i].Seq;
        }

        return seqs;
    }
}

/// <summary>A message that becomes its topic's retained one; an empty one removes that (MQTT 5.0 section 3.3.1.3).</summary>
internal sealed class RetainedChange(GrainKey topic, TelemetryMessage message)
{
    public string Topic { get; } = topic.ToString();

    public string Publisher { get; } = (topic with { Name = message.Device }).ToString();

    public DateTimeOffset? ExpiresAt { get; } = message.Properties?.ExpiresAfter is null ? null : message.ExpiresAt;

    /// <summary>Empty to remove it.</summary>
    public byte[] Message { get; } = message.Payload.IsEmpty ? [] : MessageBlob.Write(message);
}
