using System.Collections.Immutable;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>What one call to the device's grain carries, and what is owed for it.</summary>
internal sealed class PublishBatch
{
    private readonly ImmutableArray<TelemetryMessage>.Builder _messages = ImmutableArray.CreateBuilder<TelemetryMessage>();

    public PendingAcks Acks { get; } = new();

    /// <summary>The size of all payloads.</summary>
    public long Bytes { get; private set; }

    public void Add(TelemetryMessage message)
    {
        _messages.Add(message);
        Acks.Add(message.PacketId);
        Bytes += message.Payload.Length;
    }

    /// <summary>Each message that has an identifier may have been delivered again since.</summary>
    public void MarkRedelivered()
    {
        for (var i = 0; i < _messages.Count; i++)
        {
            _messages[i] = _messages[i] with { Dup = _messages[i].PacketId != 0 };
        }
    }

    public ImmutableArray<TelemetryMessage> TakeMessages() => _messages.DrainToImmutable();
}
