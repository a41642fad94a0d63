using OrleansIoT.Sessions;

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

    /// <summary>The id of the device that published it, without the tenant; or <c>users/{id}</c>.</summary>
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

    /// <summary>How it was published, and the most that a subscriber gets it with.</summary>
    [Id(9)]
    public Qos Qos { get; init; }

    /// <summary>It becomes its topic's retained message; an empty one removes that (MQTT 5.0 section 3.3.1.3).</summary>
    [Id(10)]
    public bool Retain { get; init; }

    /// <summary>Its topic has found it in the history, so nothing is stored. Whether subscribers get it says <see cref="IsRedelivery"/>.</summary>
    [Id(11)]
    public bool IsStored { get; init; }

    /// <summary>What the publisher said about it besides; null for nothing, as of most readings.</summary>
    [Id(12)]
    public MessageProperties? Properties { get; init; }

    /// <summary>
    /// It is the same arrival that a grain was given before: who gave it does not know what has become of that. With <see cref="Dup"/> it
    /// is the client that does not know, and what it sends again arrives later.
    /// </summary>
    [Id(13)]
    public bool IsRepeat { get; init; }

    /// <summary>
    /// With <see cref="Dup"/>: when its first copy arrived, where that is known. What arrived before is another reading, though it has the same
    /// packet identifier and payload.
    /// </summary>
    [Id(14)]
    public DateTimeOffset? FirstReceivedAt { get; init; }

    /// <summary>
    /// Its topic recognises it when it comes again. QoS 0 has no packet identifier, so without its own time nothing tells it from another reading.
    /// </summary>
    public bool IsRecognisable => HasOwnTime || PacketId != 0;

    /// <summary>
    /// Whether it does no harm to refuse it although it may be stored: its client may publish it anew, and it is the same reading. Exactly once
    /// is said of the publication, and that would be another one.
    /// </summary>
    public bool MayBePublishedAnew => HasOwnTime && Qos != Qos.ExactlyOnce;

    /// <summary>
    /// The publication is one that was stored before, and with it whatever stands in durable queues. Otherwise one that is
    /// stored is a new publication of the same reading, which subscribers get once more.
    /// </summary>
    public bool IsRedelivery => IsStored && (Dup || IsRepeat);

    /// <summary>
    /// It was delivered to whoever was there when it was stored, and exactly once is no more than that. With QoS 1 a redelivery is
    /// delivered once more to whom has no queue: the first delivery may have died with its silo.
    /// </summary>
    public bool IsOver => IsRedelivery && Qos == Qos.ExactlyOnce;

    /// <summary>From this moment on it is sent to nobody [MQTT-3.3.2-5]; far away without an expiry interval.</summary>
    public DateTimeOffset ExpiresAt => Properties?.ExpiresAfter is { } seconds
        ? ReceivedAt.AddSeconds(Math.Min(seconds, (DateTimeOffset.MaxValue - ReceivedAt).TotalSeconds - 1))
        : DateTimeOffset.MaxValue;
}
