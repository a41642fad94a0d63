using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;

namespace OrleansIoT.Telemetry;

/// <summary>The place of a reading in its topic: by event time, then by number.</summary>
[GenerateSerializer, Immutable, Alias("iot.TelemetryPosition")]
public readonly record struct TelemetryPosition(
    [property: Id(0)] DateTimeOffset At,
    [property: Id(1)] long Seq) : IComparable<TelemetryPosition>
{
    public int CompareTo(TelemetryPosition other)
    {
        var byTime = At.CompareTo(other.At);
        return byTime != 0 ? byTime : Seq.CompareTo(other.Seq);
    }

    /// <summary>An opaque cursor, safe in a URL.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, At.UtcTicks);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], Seq);
        return Base64Url.EncodeToString(bytes);
    }

    public static bool TryParse(string cursor, out TelemetryPosition position)
    {
        position = default;
        Span<byte> bytes = stackalloc byte[16];
        if (cursor.Length != 22 || Base64Url.DecodeFromChars(cursor, bytes, out _, out _) != OperationStatus.Done)
        {
            return false;
        }

        var ticks = BinaryPrimitives.ReadInt64BigEndian(bytes);
        if (ticks < 0 || ticks > DateTimeOffset.MaxValue.UtcTicks)
        {
            return false;
        }

        position = new TelemetryPosition(
            new DateTimeOffset(ticks, TimeSpan.Zero), BinaryPrimitives.ReadInt64BigEndian(bytes[8..]));
        return true;
    }

    public static bool operator <(TelemetryPosition left, TelemetryPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(TelemetryPosition left, TelemetryPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(TelemetryPosition left, TelemetryPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(TelemetryPosition left, TelemetryPosition right) => left.CompareTo(right) >= 0;
}

/// <summary>A half-open range of event time, <c>[Start, End)</c>, read in order of position.</summary>
/// <param name="Start">The first instant that belongs to the range.</param>
/// <param name="End">The first instant that does not.</param>
/// <param name="Limit">The most readings of the page, 1 to <see cref="MaxLimit"/>.</param>
/// <param name="After">The page begins behind this position, in the order that is asked for; null for the beginning of the range.</param>
/// <param name="Descending">The greatest position comes first.</param>
/// <param name="AsOf">Only what had arrived by then, that instant included; null for everything.</param>
[GenerateSerializer, Immutable, Alias("iot.TelemetryQuery")]
public sealed record TelemetryQuery(
    [property: Id(0)] DateTimeOffset Start,
    [property: Id(1)] DateTimeOffset End,
    [property: Id(2)] int Limit,
    [property: Id(3)] TelemetryPosition? After = null,
    [property: Id(4)] bool Descending = false,
    [property: Id(5)] DateTimeOffset? AsOf = null)
{
    public const int MaxLimit = 10_000;
}

/// <summary>What retention has taken out of a topic.</summary>
/// <param name="Before">Readings of an event time before this one have been dropped; nothing at or behind it has.</param>
/// <param name="Readings">How many were dropped, ever.</param>
[GenerateSerializer, Immutable, Alias("iot.DroppedReadings")]
public sealed record DroppedReadings(
    [property: Id(0)] DateTimeOffset Before,
    [property: Id(1)] long Readings);

/// <param name="Messages">In the order that was asked for; fewer than asked for when <see cref="MaxBytes"/> ends the page.</param>
/// <param name="Next">The position that the next page comes after, or null when this page ends the range.</param>
/// <param name="Dropped">Set when the range begins before the end of what retention has dropped.</param>
/// <param name="LastSeq">The number of the topic's last reading, when it was read: every one up to it was looked at. From the topic's grain only.</param>
[GenerateSerializer, Immutable, Alias("iot.TelemetryPage")]
public sealed record TelemetryPage(
    [property: Id(0)] ImmutableArray<TelemetryMessage> Messages,
    [property: Id(1)] TelemetryPosition? Next,
    [property: Id(2)] DroppedReadings? Dropped = null,
    [property: Id(3)] long LastSeq = 0)
{
    /// <summary>A page ends with the message whose payload makes it this large, so that no query takes a process's memory.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;
}
