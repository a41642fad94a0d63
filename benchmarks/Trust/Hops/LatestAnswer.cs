using OrleansIoT.Gateway.Telemetry;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Benchmarks.Trust.Hops;

/// <summary>A latest value, written by the product's own code.</summary>
internal static class LatestAnswer
{
    public const string Topic = "bench/latest";

    /// <summary>What the right answer has in it.</summary>
    public const string Value = """{"temperature":21.5,"battery":87}""";

    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly TelemetryPage Page = new(
        [
            new TelemetryMessage
            {
                Topic = Topic, Device = "bench", Payload = System.Text.Encoding.UTF8.GetBytes(Value), At = At, ReceivedAt = At, Seq = 1,
            },
        ],
        null);

    public static Task Write(HttpContext context) => TelemetryJson.WriteLatest(context.Response, Topic, Page, context.RequestAborted);
}
