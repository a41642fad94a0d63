using System.Collections.Immutable;

namespace OrleansIoT.Telemetry;

/// <summary>The numbers of a half-open range of event time, summed up bucket by bucket.</summary>
/// <param name="Start">The first instant that belongs to the range.</param>
/// <param name="End">The first instant that does not.</param>
/// <param name="Every">How long a bucket is.</param>
/// <param name="TimeZone">The IANA name of the time zone by whose clock and calendar buckets begin.</param>
/// <param name="Field">Where a payload has its number, as <c>a.b</c>; null for the payload itself or its member <c>value</c>.</param>
/// <param name="Limit">The most buckets of the page, 1 to <see cref="MaxLimit"/>.</param>
/// <param name="AsOf">Only what had arrived by then, that instant included; null for everything.</param>
[GenerateSerializer, Immutable, Alias("iot.AggregateQuery")]
public sealed record AggregateQuery(
    [property: Id(0)] DateTimeOffset Start,
    [property: Id(1)] DateTimeOffset End,
    [property: Id(2)] BucketWidth Every,
    [property: Id(3)] string TimeZone,
    [property: Id(4)] string? Field,
    [property: Id(5)] int Limit,
    [property: Id(6)] DateTimeOffset? AsOf = null)
{
    public const int MaxLimit = 10_000;
}

/// <summary>What the numbers of a bucket come to. It has at least one.</summary>
/// <param name="Start">Where the bucket begins by the clock, also when the range begins later.</param>
/// <param name="End">Where the next one begins, also when the range ends before.</param>
/// <param name="Count">How many numbers of the range it holds.</param>
/// <param name="Sum">Compensated for rounding; infinite when it is beyond what a double holds.</param>
/// <param name="Min">The least.</param>
/// <param name="Max">The greatest.</param>
/// <param name="First">That of the least position.</param>
/// <param name="Last">That of the greatest.</param>
[GenerateSerializer, Immutable, Alias("iot.Bucket")]
public sealed record Bucket(
    [property: Id(0)] DateTimeOffset Start,
    [property: Id(1)] DateTimeOffset End,
    [property: Id(2)] long Count,
    [property: Id(3)] double Sum,
    [property: Id(4)] double Min,
    [property: Id(5)] double Max,
    [property: Id(6)] double First,
    [property: Id(7)] double Last)
{
    /// <summary>Never outside of least and greatest, which rounding could bring about.</summary>
    public double Average => double.IsFinite(Sum) ? Math.Clamp(Sum / Count, Min, Max) : Sum;
}

/// <param name="Buckets">Those that have numbers, in ascending order.</param>
/// <param name="Next">Where the range goes on: the beginning of the next bucket that has numbers; null at the end.</param>
/// <param name="Dropped">Set when the range begins before the end of what retention has dropped.</param>
/// <param name="LastSeq">The number of the topic's last reading, when it was read: every one up to it was looked at. From the topic's grain only.</param>
[GenerateSerializer, Immutable, Alias("iot.AggregatePage")]
public sealed record AggregatePage(
    [property: Id(0)] ImmutableArray<Bucket> Buckets,
    [property: Id(1)] DateTimeOffset? Next,
    [property: Id(2)] DroppedReadings? Dropped = null,
    [property: Id(3)] long LastSeq = 0);
