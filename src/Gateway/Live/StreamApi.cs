using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Gateway.Live;

/// <summary>Topics as they grow, as server-sent events.</summary>
internal static class StreamApi
{
    /// <summary>The most topics of a stream.</summary>
    private const int MaxTopics = 50;

    private const string Example =
        "\"id: 97\\nevent: reading\\ndata: {\\\"topic\\\":\\\"devices/meter-7/temperature\\\",\\\"date\\\":\\\"2026-03-02T08:30:00Z\\\",\\\"value\\\":21.6,\\\"seq\\\":97,\\\"received\\\":\\\"2026-03-02T08:30:00.07Z\\\",\\\"device\\\":\\\"meter-7\\\"}\\n\\n\"";

    private const string HowItGoesOn =
        " Events are start, reading, skipped and end; the id of each is the cursor from which a stream goes on behind it, in 'after' or in the header Last-Event-ID. Without a cursor it begins now.";

    public static void MapStreams(this IEndpointRouteBuilder routes)
    {
        var streams = routes.MapGroup("/").WithTags("Telemetry").Fails(400, 401, 403, 429, 503, 504);

        streams.MapGet("/iot/{topic}/stream", One)
            .WithName("StreamTopic")
            .WithSummary("The readings of a topic as they are stored, as server-sent events")
            .WithDescription("In the order of their numbers, each once." + HowItGoesOn)
            .Produces<string>(StatusCodes.Status200OK, EventWriter.MediaType)
            .ExampleAnswer(Example)
            .Fails(404);

        streams.MapGet("/stream", Several)
            .WithName("StreamTopics")
            .WithSummary("The readings of several topics as they are stored, as server-sent events")
            .WithDescription("Of 1 to 50 topics, each in the order of its numbers; the cursor has a number for each, in the order of the query, with commas between them. A topic that nobody has published to yet, or that is not granted, says nothing." + HowItGoesOn)
            .Produces<string>(StatusCodes.Status200OK, EventWriter.MediaType)
            .ExampleAnswer(Example);
    }

    private static Task One(HttpContext context, string? after, Opening opening)
    {
        var address = context.AskedTopic();
        context.TakesOnly("after");
        return opening.Run(context, [address.Topic], Cursor(context, after, 1), address.NoReadings());
    }

    private static Task Several(HttpContext context, [FromQuery(Name = "topics")] string[] topics, string? after, Opening opening)
    {
        context.TakesOnlyWithMany("topics", "after");
        if (topics.Length is < 1 or > MaxTopics || topics.Distinct().Count() < topics.Length)
        {
            throw new FailureException(Failure.Invalid, $"'topics' is there for each topic, 1 to {MaxTopics} times, as ?topics=a/b&topics=c/d.");
        }

        foreach (var topic in topics)
        {
            if (!TopicName.IsValid(topic, out var why))
            {
                throw new FailureException(Failure.Invalid, $"'topics' are names of topics. {why}");
            }
        }

        return opening.Run(context, topics, Cursor(context, after, topics.Length));
    }

    /// <summary>A client that connects again sends the header, and the address that it began with.</summary>
    private static long[]? Cursor(HttpContext context, string? after, int topics)
    {
        var last = context.Request.Headers["Last-Event-ID"].ToString();
        var cursor = last.Length > 0 ? last : after;
        if (string.IsNullOrEmpty(cursor))
        {
            return null;
        }

        var parts = cursor.Split(',');
        var numbers = new long[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts.Length != topics || !long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                throw new FailureException(Failure.Invalid,
                    $"{(last.Length > 0 ? "Last-Event-ID" : "'after'")} is the id of an event of this stream: {(topics == 1 ? "a number" : $"{topics} numbers with commas between them")}.");
            }
        }

        return numbers;
    }

    /// <summary>Opens a stream for the caller of a request.</summary>
    internal sealed class Opening(LiveStreams streams, LiveTopics topics, TokenAdmission tokens, TokenWatches watches, TimeProvider clock)
    {
        private const string Bearer = BearerAuthentication.Scheme + " ";

        public async Task Run(HttpContext context, IReadOnlyList<string> names, long[]? after, FailureException? noReadings = null)
        {
            if (context.WasHead())
            {
                context.Response.ContentType = EventWriter.MediaType;
                return;
            }

            var token = context.Request.Headers.Authorization.ToString()[Bearer.Length..];
            var admitted = await tokens.Check(token) ?? throw new FailureException(Failure.NotSignedIn, "The sign-in has ended. Sign in again.");
            admitted.Caller.Enter();
            using var stream = new LiveStream(context, admitted.Caller, watches.Watch(admitted, token), topics, clock);
            streams.Add(stream);
            try
            {
                await stream.Run(names, after, noReadings);
            }
            finally
            {
                streams.Remove(stream);
            }
        }
    }
}
