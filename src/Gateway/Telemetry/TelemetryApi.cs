using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Telemetry;

/// <summary>Readings of a topic of the caller's tenant. <see cref="TopicRouting"/> says which request comes to which route.</summary>
internal static class TelemetryApi
{
    private const string ExampleReading =
        """{"date": "2026-03-02T08:15:00.1Z", "value": {"temperature": 21.5}, "seq": 96, "received": "2026-03-02T08:15:00.173Z", "device": "meter-7"}""";

    private static readonly PageSize Size = new(1_000, TelemetryQuery.MaxLimit);

    public static void MapTelemetry(this IEndpointRouteBuilder routes)
    {
        var iot = routes.MapGroup("/iot").WithTags("Telemetry").Fails(400, 401, 403, 404, 503, 504);

        iot.MapGet("/{topic}", Latest)
            .WithName("GetTopic")
            .WithSummary("The latest reading of a topic")
            .WithDescription("The topic is written with its slashes, as /iot/devices/meter-7/temperature; each of its levels percent-encoded where needed. Where a topic itself ends in 'latest' or in two instants, the slash before those is written %2F.")
            .Produces<LatestReading>()
            .ExampleAnswer($$"""{"topic": "devices/meter-7/temperature", "data": [{{ExampleReading}}]}""");

        iot.MapGet("/{topic}/latest", Latest)
            .WithName("GetLatest")
            .WithSummary("The latest reading of a topic")
            .WithDescription("The reading with the greatest event time, and of equal ones the one stored last.")
            .Produces<LatestReading>()
            .ExampleAnswer($$"""{"topic": "devices/meter-7/temperature", "data": [{{ExampleReading}}]}""");

        iot.MapGet("/{topic}/{start}/{end}", Range)
            .WithName("GetRange")
            .WithSummary("The readings of a topic from start up to, and without, end")
            .WithDescription("By event time, ascending by date and seq, in pages: 'next' is the cursor of the next one.")
            .WithMetadata(Size)
            .Produces<ReadingPage>()
            .ExampleAnswer($$"""{"topic": "devices/meter-7/temperature", "data": [{{ExampleReading}}], "next": null}""");
    }

    private static async Task Latest(HttpContext context, TenantGrains grains)
    {
        var address = context.AskedTopic();
        var latest = await grains.Topic(address.Topic).Latest() ?? throw address.NoReadings();
        await TelemetryJson.WriteLatest(context.Response, latest, context.RequestAborted);
    }

    private static async Task Range(HttpContext context, string? limit, string? cursor, TenantGrains grains)
    {
        var address = context.AskedTopic();
        if (address.Start >= address.End)
        {
            throw new FailureException(Failure.Invalid, "A range starts before it ends; the end itself is not part of it.");
        }

        var query = new TelemetryQuery(address.Start, address.End, Size.Parse(limit), After(cursor, address));
        var page = await grains.Topic(address.Topic).Read(query) ?? throw address.NoReadings();
        await TelemetryJson.WritePage(context.Response, address.Topic, page, context.RequestAborted);
    }

    private static TelemetryPosition? After(string? cursor, TopicAddress range) =>
        string.IsNullOrEmpty(cursor) ? null
        : TelemetryPosition.TryParse(cursor, out var after) && after.At >= range.Start && after.At < range.End ? after
        : throw new FailureException(Failure.Invalid, "'cursor' is the 'next' of an earlier page of the same range.");
}

/// <summary>The shape that <see cref="TelemetryJson.WriteLatest"/> writes, for the OpenAPI document.</summary>
internal sealed record LatestReading(string Topic, IReadOnlyList<ReadingView> Data);

/// <summary>The shape that <see cref="TelemetryJson.WritePage"/> writes, for the OpenAPI document.</summary>
/// <param name="Next">The cursor of the next page, or null when this one ends the range.</param>
internal sealed record ReadingPage(string Topic, IReadOnlyList<ReadingView> Data, string? Next);

/// <param name="Date">Event time: the device's, when it sent one, else the arrival time.</param>
/// <param name="Value">The payload if it is JSON, digit for digit; else as a string if it is UTF-8; else an object with its base64.</param>
/// <param name="Seq">The reading's number in its topic, from 1, in the order in which they were stored.</param>
/// <param name="Received">Arrival time.</param>
/// <param name="Device">The id of the device that published it.</param>
internal sealed record ReadingView(DateTime Date, JsonElement Value, long Seq, DateTime Received, string Device);
