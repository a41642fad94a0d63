using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace OrleansIoT.Telemetry;

public enum BucketUnit
{
    Second = 1,
    Minute,
    Hour,
    Day,

    /// <summary>From Monday on (ISO 8601).</summary>
    Week,
    Month,
    Year,
}

/// <summary>
/// How long a bucket is by the calendar: <c>15m</c>, <c>1h</c>, <c>1d</c>, <c>1w</c>, <c>3mo</c>, <c>1y</c>. What is
/// shorter than a day divides a day, and months divide a year, so that every bucket has one place to begin.
/// </summary>
[GenerateSerializer, Immutable, Alias("iot.BucketWidth")]
public readonly record struct BucketWidth(
    [property: Id(0)] int Count,
    [property: Id(1)] BucketUnit Unit)
{
    private const int SecondsOfDay = 86_400;
    private const int MaxDays = 366;
    private const int MaxWeeks = 52;
    private const int MaxYears = 100;

    /// <param name="text">A whole number and a unit.</param>
    /// <param name="width">A valid one.</param>
    /// <param name="why">What would be right, as a sentence.</param>
    public static bool TryParse(string text, out BucketWidth width, [NotNullWhen(false)] out string? why)
    {
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        BucketUnit? unit = digits < 0 ? null : text[digits..] switch
        {
            "s" => BucketUnit.Second,
            "m" => BucketUnit.Minute,
            "h" => BucketUnit.Hour,
            "d" => BucketUnit.Day,
            "w" => BucketUnit.Week,
            "mo" => BucketUnit.Month,
            "y" => BucketUnit.Year,
            _ => null,
        };
        width = default;
        if (unit is null || !int.TryParse(text.AsSpan(..digits), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            why = "A width is a whole number and a unit (s, m, h, d, w, mo or y), such as 15m, 1h, 1d, 1w, 1mo or 1y.";
            return false;
        }

        width = new BucketWidth(count, unit.Value);
        return width.IsValid(out why);
    }

    /// <param name="why">What would be right, as a sentence.</param>
    public bool IsValid([NotNullWhen(false)] out string? why)
    {
        why = Unit switch
        {
            _ when Count < 1 => "A width is at least 1 of its unit.",
            BucketUnit.Second or BucketUnit.Minute or BucketUnit.Hour when Seconds > SecondsOfDay || SecondsOfDay % Seconds != 0 =>
                $"A width in seconds, minutes or hours divides a day of 24 hours, such as 10s, 1m, 5m, 15m, 1h or 6h; {this} does not.",
            BucketUnit.Day when Count > MaxDays => $"A width has at most {MaxDays} days.",
            BucketUnit.Week when Count > MaxWeeks => $"A width has at most {MaxWeeks} weeks.",
            BucketUnit.Month when 12 % Count != 0 => $"A width in months divides a year: 1mo, 2mo, 3mo, 4mo, 6mo or 12mo; {this} does not.",
            BucketUnit.Year when Count > MaxYears => $"A width has at most {MaxYears} years.",
            < BucketUnit.Second or > BucketUnit.Year => "A width has one of the units s, m, h, d, w, mo and y.",
            _ => null,
        };
        return why is null;
    }

    /// <summary>For seconds, minutes and hours.</summary>
    public long Seconds => Count * (Unit switch
    {
        BucketUnit.Second => 1L,
        BucketUnit.Minute => 60L,
        BucketUnit.Hour => 3_600L,
        _ => throw new InvalidOperationException("Not every day has the same length."),
    });

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Count}{Unit switch
    {
        BucketUnit.Second => "s",
        BucketUnit.Minute => "m",
        BucketUnit.Hour => "h",
        BucketUnit.Day => "d",
        BucketUnit.Week => "w",
        BucketUnit.Month => "mo",
        BucketUnit.Year => "y",
        _ => "?",
    }}");
}
