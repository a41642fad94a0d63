using System.Collections.Immutable;

namespace OrleansIoT.Telemetry;

/// <summary>The numbers of a half-open range of event time, as many as a chart can show and none of its peaks left out.</summary>
/// <param name="Start">The first instant that belongs to the range.</param>
/// <param name="End">The first instant that does not.</param>
/// <param name="Columns">In how many columns of equal length the range is cut, 1 to <see cref="MaxColumns"/>.</param>
/// <param name="Field">Where a payload has its number, as <c>a.b</c>; null for the payload itself or its member <c>value</c>.</param>
/// <param name="AsOf">Only what had arrived by then, that instant included; null for everything.</param>
[GenerateSerializer, Immutable, Alias("iot.PointQuery")]
public sealed record PointQuery(
    [property: Id(0)] DateTimeOffset Start,
    [property: Id(1)] DateTimeOffset End,
    [property: Id(2)] int Columns,
    [property: Id(3)] string? Field,
    [property: Id(4)] DateTimeOffset? AsOf = null)
{
    public const int MaxColumns = 10_000;
}

/// <summary>A reading's number and where it stands.</summary>
[GenerateSerializer, Immutable, Alias("iot.NumberPoint")]
public readonly record struct NumberPoint(
    [property: Id(0)] DateTimeOffset At,
    [property: Id(1)] long Seq,
    [property: Id(2)] double Value);

/// <param name="Points">Least and greatest of each column in ascending order of position; all numbers when there are no more than columns.</param>
/// <param name="Readings">How many numbers the range has.</param>
/// <param name="Dropped">Set when the range begins before the end of what retention has dropped.</param>
/// <param name="LastSeq">The number of the topic's last reading, when it was read: every one up to it was looked at. From the topic's grain only.</param>
[GenerateSerializer, Immutable, Alias("iot.PointPage")]
public sealed record PointPage(
    [property: Id(0)] ImmutableArray<NumberPoint> Points,
    [property: Id(1)] long Readings,
    [property: Id(2)] DroppedReadings? Dropped = null,
    [property: Id(3)] long LastSeq = 0);
