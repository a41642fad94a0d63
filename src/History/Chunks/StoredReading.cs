namespace OrleansIoT.History.Chunks;

/// <summary>A reading as the store keeps it.</summary>
/// <param name="At">Event time in UTC ticks.</param>
/// <param name="Seq">Its number in its topic.</param>
/// <param name="ReceivedAt">Arrival time in UTC ticks.</param>
/// <param name="Device">The number of the device's row.</param>
/// <param name="DeviceSeq">Its number among the device's readings without own time and with a packet identifier; else 0.</param>
internal readonly record struct StoredReading(
    long At,
    long Seq,
    long ReceivedAt,
    long Device,
    long DeviceSeq,
    ushort PacketId,
    bool HasOwnTime,
    bool Dup,
    ReadOnlyMemory<byte> Payload);
