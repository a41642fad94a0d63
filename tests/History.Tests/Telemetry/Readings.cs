using System.Text;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Tests.Telemetry;

/// <summary>Messages as tests write them, and what is equal about two of them.</summary>
internal static class Readings
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly TelemetryQuery All = new(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, 1_000);

    public static TelemetryMessage Reading(string topicKey, string payload = "1", DateTimeOffset? at = null) => new()
    {
        Topic = GrainKey.Parse(topicKey).Name,
        Device = "meter-7",
        Payload = Encoding.UTF8.GetBytes(payload),
        At = at ?? Noon,
        ReceivedAt = Noon,
        HasOwnTime = at is not null,
        PacketId = 1,
    };

    public static TelemetryMessage[] Some(string topicKey, int count) =>
        [.. Enumerable.Range(0, count).Select(i => Reading(topicKey, $"{i}", Noon.AddSeconds(i)))];

    public static string Text(this TelemetryMessage message) => Encoding.UTF8.GetString(message.Payload.Span);

    /// <summary>Every member, so that equal texts are equal messages and unequal ones say where.</summary>
    public static string Describe(this TelemetryMessage m) =>
        $"{m.Topic} #{m.Seq} at {m.At:O} of {m.Device} received {m.ReceivedAt:O} own {m.HasOwnTime} " +
        $"dup {m.Dup} packet {m.PacketId} {m.Qos} retain {m.Retain} {Describe(m.Properties)}: {Convert.ToHexString(m.Payload.Span)}";

    public static IEnumerable<string> Describe(this IEnumerable<TelemetryMessage> messages) =>
        messages.Select(Describe);

    private static string Describe(MessageProperties? p) => p is null
        ? "bare"
        : $"utf8 {p.IsUtf8} expires {p.ExpiresAfter} type '{p.ContentType}' {p.ContentType is null} response '{p.ResponseTopic}' " +
          $"correlation {(p.CorrelationData is { } data ? Convert.ToHexString(data.Span) : "none")} {string.Join(", ", p.User)}";

    /// <summary>The topic's whole history, page by page.</summary>
    public static async Task<List<TelemetryMessage>> ReadAll(this ITelemetryHistory history, string topic, int limit = 1_000)
    {
        var all = new List<TelemetryMessage>();
        TelemetryPosition? after = null;
        do
        {
            var page = await history.Read(topic, All with { Limit = limit, After = after });
            all.AddRange(page.Messages);
            after = page.Next;
        }
        while (after is not null);

        return all;
    }
}
