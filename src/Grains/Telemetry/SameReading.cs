using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Telemetry;

/// <summary>
/// When two messages of one topic that carry their own time are the same reading: device, time and payload are equal,
/// whatever the packet identifier, the DUP flag or the batch.
/// </summary>
public sealed class SameReading : IEqualityComparer<TelemetryMessage>
{
    public static readonly SameReading Instance = new();

    public bool Equals(TelemetryMessage? x, TelemetryMessage? y) =>
        ReferenceEquals(x, y)
        || (x is not null && y is not null
            && x.At == y.At
            && x.Device == y.Device
            && x.Payload.Span.SequenceEqual(y.Payload.Span));

    public int GetHashCode(TelemetryMessage obj)
    {
        var hash = new HashCode();
        hash.Add(obj.At);
        hash.AddBytes(obj.Payload.Span);
        return hash.ToHashCode();
    }
}
