using System.Collections.Immutable;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>What one call to the client's grain carries, and what is owed for it.</summary>
internal sealed class PublishBatch
{
    private readonly List<TelemetryMessage> _messages = [];

    public PendingAcks Acks { get; } = new();

    /// <summary>The size of all payloads and properties.</summary>
    public long Bytes { get; private set; }

    public void Add(TelemetryMessage message, PendingAck ack, int bytes, bool isDiscarded)
    {
        _messages.Add(message);
        Acks.AddMessage(ack, isDiscarded);
        Bytes += bytes;
    }

    public ImmutableArray<TelemetryMessage> Messages() => [.. _messages];

    /// <summary>For the next time: what it held is answered.</summary>
    public void Clear()
    {
        _messages.Clear();
        Acks.Clear();
        Bytes = 0;
    }
}
