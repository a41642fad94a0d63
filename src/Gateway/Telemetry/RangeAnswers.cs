using Microsoft.AspNetCore.Http;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Gateway.Telemetry;

/// <summary>The range route: three questions (readings, buckets, points), each answered as a page of JSON or as a whole file.</summary>
internal static class RangeAnswers
{
    public static readonly PageSize Size = new(1_000, TelemetryQuery.MaxLimit);

    /// <summary>A file has no pages: a limit only ends it.</summary>
    private static readonly PageSize Rows = new(int.MaxValue, int.MaxValue);

    public static async Task Get(
        HttpContext context, [AsParameters] RangeParameters parameters, TenantGrains grains, TelemetryExport export)
    {
        var address = context.AskedTopic();
        if (address.Start >= address.End)
        {
            throw new FailureException(Failure.Invalid, "A range starts before it ends; the end itself is not part of it.");
        }

        var asked = AnswerFormats.Asked(context.Request);
        parameters.Check(context, asked);
        if (asked is not { } format)
        {
            context.Response.StatusCode = StatusCodes.Status406NotAcceptable;
            return;
        }

        context.Response.Headers.Vary = "Accept";
        var topic = grains.Topic(address.Topic);
        var limit = (format == AnswerFormat.Json ? Size : Rows).Parse(parameters.Limit);
        if (parameters.AsksForBuckets)
        {
            var (query, rows) = (parameters.Buckets(address, limit), RowFormats.Buckets(parameters.Fn));
            await (format == AnswerFormat.Json
                ? TelemetryJson.WriteBuckets(context.Response, address.Topic, query,
                    await topic.Aggregate(query) ?? throw address.NoReadings(), rows, context.RequestAborted)
                : export.Write(context, format, address, await Buckets(topic, query, address), rows));
        }
        else if (parameters.AsksForPoints)
        {
            var query = parameters.ChartPoints(address);
            var page = await topic.Points(query) ?? throw address.NoReadings();
            await (format == AnswerFormat.Json
                ? TelemetryJson.WritePoints(context.Response, address.Topic, query, page, context.RequestAborted)
                : export.Write(context, format, address, new Slice<NumberPoint>(page.Points, page.Dropped, null), RowFormats.Points));
        }
        else
        {
            var query = parameters.Readings(address, limit);
            var (rows, zone) = (RowFormats.Readings(NumberField.Parse(parameters.NumberField)), parameters.Zone);
            await (format == AnswerFormat.Json
                ? TelemetryJson.WritePage(context.Response, address.Topic,
                    await topic.Read(query) ?? throw address.NoReadings(), context.RequestAborted)
                : export.Write(context, format, address, await Readings(topic, query, address), rows, zone));
        }
    }

    /// <param name="topic">The topic.</param>
    /// <param name="query">Whose limit is how many readings are still wanted.</param>
    /// <param name="address">For the sentence that there is nothing.</param>
    private static async Task<Slice<TelemetryMessage>> Readings(ITopicGrain topic, TelemetryQuery query, TopicAddress address)
    {
        var page = await topic.Read(query with { Limit = Math.Min(query.Limit, TelemetryExport.PageSize) }) ?? throw address.NoReadings();
        var left = query.Limit - page.Messages.Length;
        return new Slice<TelemetryMessage>(page.Messages, page.Dropped, page.Next is { } next && left > 0
            ? () => Readings(topic, query with { Limit = left, After = next }, address)
            : null);
    }

    private static async Task<Slice<Bucket>> Buckets(ITopicGrain topic, AggregateQuery query, TopicAddress address)
    {
        var page = await topic.Aggregate(query with { Limit = Math.Min(query.Limit, TelemetryExport.PageSize) }) ?? throw address.NoReadings();
        var left = query.Limit - page.Buckets.Length;
        return new Slice<Bucket>(page.Buckets, page.Dropped, page.Next is { } next && left > 0
            ? () => Buckets(topic, query with { Limit = left, Start = next }, address)
            : null);
    }
}
