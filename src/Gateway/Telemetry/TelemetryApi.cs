using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Gateway.Telemetry;

/// <summary>Topics of the caller's tenant and their readings. <see cref="TopicRouting"/> says which request comes to which route.</summary>
internal static class TelemetryApi
{
    private const string ExampleReading =
        """{"date": "2026-03-02T08:15:00.1Z", "value": {"temperature": 21.5}, "seq": 96, "received": "2026-03-02T08:15:00.173Z", "device": "meter-7"}""";

    private static readonly PageSize Topics = new(100, ITopicListGrain.MaxLimit);

    public static void MapTelemetry(this IEndpointRouteBuilder routes)
    {
        var iot = routes.MapGroup("/iot").WithTags("Telemetry").Fails(400, 401, 403, 503, 504);

        iot.MapGet("/", List)
            .WithName("ListTopics")
            .WithSummary("Lists topics by name")
            .WithDescription("Those that have, or have had, readings, with how many there are and from when to when.")
            .WithMetadata(Topics)
            .ExampleAnswer("""{"topics": [{"topic": "devices/meter-7/temperature", "readings": 96, "first": "2026-03-01T08:15:00Z", "last": "2026-03-02T08:15:00.1Z"}], "next": null}""");

        iot.MapGet("/{topic}", Latest)
            .WithName("GetTopic")
            .WithSummary("The latest reading of a topic")
            .WithDescription("The topic is written with its slashes, as /iot/devices/meter-7/temperature; each of its levels percent-encoded where needed. Where a topic itself ends in 'latest', in 'stream' or in two instants, the slash before those is written %2F.")
            .Produces<LatestReading>()
            .ExampleAnswer($$"""{"topic": "devices/meter-7/temperature", "data": [{{ExampleReading}}]}""")
            .Fails(404);

        iot.MapGet("/{topic}/latest", Latest)
            .WithName("GetLatest")
            .WithSummary("The latest reading of a topic")
            .WithDescription("The reading with the greatest event time, and of equal ones the one stored last; with 'asOf' among those that had arrived by then. 'data' is empty when there was none, or when retention has dropped them all.")
            .Produces<LatestReading>()
            .ExampleAnswer($$"""{"topic": "devices/meter-7/temperature", "data": [{{ExampleReading}}]}""")
            .Fails(404);

        iot.MapGet("/{topic}/{start}/{end}", RangeAnswers.Get)
            .WithName("GetRange")
            .WithSummary("The readings of a topic from start up to, and without, end; or what they come to")
            .WithDescription("By event time. As it is: readings in pages, ascending by date and seq unless 'order' is desc; 'next' is the cursor of the next page. With 'every': averages and the like of their numbers, bucket by bucket, as JSON of the form BucketPage. With 'points': least and greatest number of each of so many columns, as PointPage. With the header Accept: text/csv or application/x-ndjson everything comes as one file, without pages; 'limit' then ends the file, and 'cursor' begins it.")
            .WithMetadata(RangeAnswers.Size)
            .Produces<ReadingPage>()
            .AlsoAnswers<BucketPage>()
            .AlsoAnswers<PointList>()
            .AlsoAnswers(AnswerFormats.Csv, AnswerFormats.NdJson)
            .ExampleAnswer($$"""{"topic": "devices/meter-7/temperature", "last_seq": 96, "data": [{{ExampleReading}}], "next": null}""")
            .Fails(404, 406);
    }

    private static async Task<Ok<TopicList>> List(HttpContext context, string? prefix, string? limit, string? cursor, TenantGrains grains)
    {
        context.TakesOnly("prefix", "limit", "cursor");
        prefix ??= "";
        if (prefix.Length > 0 && !TopicName.IsValid(prefix.TrimEnd('/') is { Length: > 0 } name ? name : "-", out var why))
        {
            throw new FailureException(Failure.Invalid, $"'prefix' is the beginning of a topic. {why}");
        }

        var page = await grains.Topics.List(prefix, Topics.Parse(limit), After(cursor));
        return TypedResults.Ok(new TopicList(
            [.. page.Topics.Select(topic => new TopicView(topic.Topic, topic.Readings, topic.FirstAt?.UtcDateTime, topic.LastAt?.UtcDateTime))],
            page.Next is null ? null : Base64Url.EncodeToString(Encoding.UTF8.GetBytes(page.Next))));
    }

    private static async Task Latest(HttpContext context, [FromQuery(Name = "asOf")] string? asOf, TenantGrains grains)
    {
        var address = context.AskedTopic();
        context.TakesOnly("asOf");
        var instant = RangeParameters.Instant(asOf);
        var topic = grains.Topic(address.Topic);
        var page = instant is null && await topic.Latest() is { } latest
            ? new TelemetryPage([latest], null)
            : await topic.Read(new TelemetryQuery(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, 1, null, Descending: true, instant))
              ?? throw address.NoReadings();
        await TelemetryJson.WriteLatest(context.Response, address.Topic, page, context.RequestAborted);
    }

    /// <summary>A name may have any characters, so as a cursor it is wrapped.</summary>
    private static string? After(string? cursor)
    {
        if (string.IsNullOrEmpty(cursor))
        {
            return null;
        }

        var bytes = new byte[TopicName.MaxBytes];
        return cursor.Length <= bytes.Length * 4 / 3
            && Base64Url.DecodeFromChars(cursor, bytes, out _, out var length) == OperationStatus.Done
            && System.Text.Unicode.Utf8.IsValid(bytes.AsSpan(..length))
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : throw new FailureException(Failure.Invalid, "'cursor' is the 'next' of an earlier page of the same list.");
    }
}

/// <param name="Next">The cursor of the next page, or null at the end.</param>
internal sealed record TopicList(IReadOnlyList<TopicView> Topics, string? Next);

/// <param name="Readings">How many it has; what retention has dropped is not counted.</param>
/// <param name="First">The least event time among them, or null when none are left.</param>
/// <param name="Last">The greatest, likewise.</param>
internal sealed record TopicView(string Topic, long Readings, DateTime? First, DateTime? Last);

// What TelemetryJson writes, for the OpenAPI document.

/// <param name="Data">One reading, or none when retention has dropped them all, or none had arrived.</param>
/// <param name="Dropped">There when retention has dropped readings that this may have been about.</param>
internal sealed record LatestReading(string Topic, IReadOnlyList<ReadingView> Data, DroppedView? Dropped = null);

/// <param name="LastSeq">The number of the topic's last reading when this was read, for a stream that goes on from there.</param>
/// <param name="Next">The cursor of the next page, or null when this one ends the range.</param>
/// <param name="Dropped">There when the range begins before the end of what retention has dropped.</param>
internal sealed record ReadingPage(string Topic, long LastSeq, IReadOnlyList<ReadingView> Data, string? Next, DroppedView? Dropped = null);

/// <param name="Date">Event time: the device's, when it sent one, else the arrival time.</param>
/// <param name="Value">The payload if it is JSON, digit for digit; else as a string if it is UTF-8; else an object with its base64.</param>
/// <param name="Seq">The reading's number in its topic, from 1, in the order in which they were stored.</param>
/// <param name="Received">Arrival time.</param>
/// <param name="Device">The id of the device that published it.</param>
internal sealed record ReadingView(DateTime Date, object? Value, long Seq, DateTime Received, string Device);

/// <param name="Before">Readings of an event time before this one have been dropped.</param>
/// <param name="Readings">How many, ever.</param>
internal sealed record DroppedView(DateTime Before, long Readings);

/// <param name="Field">Where the payloads have their number; null for the payload itself or its member 'value'.</param>
/// <param name="LastSeq">The number of the topic's last reading when this was read, for a stream that goes on from there.</param>
/// <param name="Data">Buckets that have numbers, ascending.</param>
/// <param name="Next">The cursor of the next page, or null when this one ends the range.</param>
/// <param name="Dropped">There when the range begins before the end of what retention has dropped.</param>
internal sealed record BucketPage(
    string Topic, string Every, string Tz, string? Field, long LastSeq, IReadOnlyList<BucketView> Data, string? Next, DroppedView? Dropped = null);

/// <summary>A bucket, with those of the numbers that 'fn' asks for.</summary>
/// <param name="Start">Where it begins by the clock, also when the range begins later.</param>
/// <param name="End">Where the next one begins.</param>
internal sealed record BucketView(
    DateTime Start,
    DateTime End,
    double? Avg = null,
    double? Min = null,
    double? Max = null,
    double? Sum = null,
    long? Count = null,
    double? First = null,
    double? Last = null);

/// <param name="Points">How many columns there are.</param>
/// <param name="Field">Where the payloads have their number; null for the payload itself or its member 'value'.</param>
/// <param name="Readings">How many numbers the range has; as many as points when all of them are here.</param>
/// <param name="LastSeq">The number of the topic's last reading when this was read, for a stream that goes on from there.</param>
/// <param name="Data">Ascending by date and seq.</param>
/// <param name="Dropped">There when the range begins before the end of what retention has dropped.</param>
internal sealed record PointList(
    string Topic, int Points, string? Field, long Readings, long LastSeq, IReadOnlyList<PointView> Data, DroppedView? Dropped = null);

internal sealed record PointView(DateTime Date, double Value, long Seq);
