using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using OrleansIoT.Failures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Telemetry;

/// <summary>
/// What a query string asks of a range: its readings, or with <c>every</c> its buckets, or with <c>points</c> the points of
/// a chart. A parameter that is empty counts as left out; one that does not go with the question is refused.
/// </summary>
internal sealed record RangeParameters(
    [FromQuery(Name = "limit")] string? Limit,
    [FromQuery(Name = "cursor")] string? Cursor,
    [FromQuery(Name = "order")] string? Order,
    [FromQuery(Name = "asOf")] string? AsOf,
    [FromQuery(Name = "every")] string? Every,
    [FromQuery(Name = "fn")] string? Fn,
    [FromQuery(Name = "tz")] string? Tz,
    [FromQuery(Name = "field")] string? Field,
    [FromQuery(Name = "points")] string? Points)
{
    private const int LongestField = 256;

    private static readonly string[] OfReadings = ["order", "limit", "cursor", "asOf"];
    private static readonly string[] OfCsv = [.. OfReadings, "field", "tz"];
    private static readonly string[] OfBuckets = ["every", "fn", "tz", "field", "limit", "cursor", "asOf"];
    private static readonly string[] OfPoints = ["points", "field", "asOf"];
    private static readonly string[] All = [.. OfReadings, .. OfBuckets, .. OfPoints];

    private static readonly PageSize Columns = new(1, PointQuery.MaxColumns);

    public bool AsksForBuckets => !string.IsNullOrEmpty(Every);

    public bool AsksForPoints => !string.IsNullOrEmpty(Points);

    /// <exception cref="FailureException">Invalid: the query string has a parameter that nobody would read.</exception>
    public void Check(HttpContext context, AnswerFormat? format)
    {
        context.TakesOnly([.. All.Distinct()]);
        if (AsksForBuckets && AsksForPoints)
        {
            throw Invalid("'every' asks for buckets and 'points' for the points of a chart: one of them at a time.");
        }

        var (question, goes) = AsksForBuckets ? ("every", OfBuckets) : AsksForPoints ? ("points", OfPoints)
            : ("", format == AnswerFormat.Csv ? OfCsv : OfReadings);
        foreach (var (name, value) in context.Request.Query)
        {
            if (!goes.Contains(name, StringComparer.OrdinalIgnoreCase) && !string.IsNullOrEmpty(value))
            {
                throw Invalid(question.Length > 0
                    ? $"'{name}' does not go with '{question}'. What does: {string.Join(", ", goes.Skip(1))}."
                    : $"'{name}' goes only with {name.ToLowerInvariant() switch
                    {
                        "field" => "'every' or 'points', or with Accept: text/csv",
                        "tz" => "'every', or with Accept: text/csv",
                        _ => "'every'",
                    }}.");
            }
        }
    }

    public TelemetryQuery Readings(TopicAddress range, int limit) => new(
        range.Start,
        range.End,
        limit,
        After(range),
        Order switch
        {
            null or "" or "asc" => false,
            "desc" => true,
            _ => throw Invalid("'order' is asc or desc."),
        },
        Instant(AsOf));

    public AggregateQuery Buckets(TopicAddress range, int limit) => new(
        From(range),
        range.End,
        BucketWidth.TryParse(Every!, out var every, out var why) ? every : throw Invalid($"'every': {why}"),
        string.IsNullOrEmpty(Tz) ? "UTC" : Tz,
        NumberField,
        limit,
        Instant(AsOf));

    public PointQuery ChartPoints(TopicAddress range) => new(
        range.Start, range.End, Columns.Parse(Points, "points"), NumberField, Instant(AsOf));

    /// <param name="asOf">An instant; what is finer than 100 ns is cut, so that nothing counts that came later.</param>
    public static DateTimeOffset? Instant(string? asOf) =>
        string.IsNullOrEmpty(asOf) ? null
        : Rfc3339.TryParse(asOf, out var instant, roundUp: false) ? instant
        : throw Invalid("'asOf' is an instant with date, time and offset, such as 2026-03-01T00:00:00Z; in a query string, a '+' is written %2B.");

    /// <summary>By whose clock a file has its times; null for UTC as everywhere else.</summary>
    public TimeZoneInfo? Zone =>
        string.IsNullOrEmpty(Tz) ? null
        : Tz.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+')
            && TimeZoneInfo.TryFindSystemTimeZoneById(Tz, out var zone) && zone.HasIanaId ? zone
        : throw Invalid("There is no such time zone. It is an IANA name, such as UTC, Europe/Lisbon or Asia/Kolkata.");

    public string? NumberField =>
        string.IsNullOrEmpty(Field) ? null
        : Field.Length <= LongestField ? Field
        : throw Invalid($"'field' has at most {LongestField} characters.");

    private TelemetryPosition? After(TopicAddress range) =>
        string.IsNullOrEmpty(Cursor) ? null
        : TelemetryPosition.TryParse(Cursor, out var after) && after.Seq > 0 && after.At >= range.Start && after.At < range.End ? after
        : throw WrongCursor();

    /// <summary>The cursor of buckets is where the next one begins, in a place that no reading has.</summary>
    private DateTimeOffset From(TopicAddress range) =>
        string.IsNullOrEmpty(Cursor) ? range.Start
        : TelemetryPosition.TryParse(Cursor, out var from) && from.Seq == 0 && from.At > range.Start && from.At < range.End ? from.At
        : throw WrongCursor();

    private static FailureException WrongCursor() => Invalid("'cursor' is the 'next' of an earlier page of the same range.");

    private static FailureException Invalid(string message) => new(Failure.Invalid, message);
}
