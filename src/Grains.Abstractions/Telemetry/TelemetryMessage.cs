namespace OrleansIoT.Telemetry;

/// <summary>
/// One reading, from the bytes of a PUBLISH to the disk and back: made where the bytes end, serialised where the disk
/// begins, and converted nowhere in between.
/// </summary>
[GenerateSerializer, Immutable, Alias("iot.TelemetryMessage")]
public sealed record TelemetryMessage
{
    /// <summary>The topic name, without the tenant.</summary>
    [Id(0)]
    public required string Topic { get; init; }

    /// <summary>The id of the device that published it, without the tenant.</summary>
    [Id(1)]
    public required string Device { get; init; }

    /// <summary>Any bytes, also none. Nobody writes to them after the message was made.</summary>
    [Id(2)]
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Event time, UTC, to 100 ns: the device's when it sent one, else the arrival time.</summary>
    [Id(3)]
    public required DateTimeOffset At { get; init; }

    /// <summary>Arrival time at the edge, UTC.</summary>
    [Id(4)]
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Whether <see cref="At"/> is the device's own; then time and payload are what a redelivery is known by.</summary>
    [Id(5)]
    public bool HasOwnTime { get; init; }

    /// <summary>The packet identifier, 1 to 65,535, or 0 for QoS 0.</summary>
    [Id(6)]
    public ushort PacketId { get; init; }

    /// <summary>The DUP flag: this may be a redelivery (MQTT 5.0 section 3.3.1.1). Alone it decides nothing.</summary>
    [Id(7)]
    public bool Dup { get; init; }

    /// <summary>The reading's number in its topic, from 1, in commit order without gaps; 0 until it is stored.</summary>
    [Id(8)]
    public long Seq { get; init; }
}
