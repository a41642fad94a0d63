using System.Collections.Immutable;
using System.Globalization;
using OrleansIoT.Sessions;

namespace OrleansIoT.History;

/// <summary>A message for a queue, as it is stored there.</summary>
/// <param name="Message">As <see cref="MessageBlob"/> writes it.</param>
/// <param name="Qos">How to send it.</param>
/// <param name="Retain">The RETAIN flag to send it with.</param>
/// <param name="SubscriptionIds">To send it with, with commas between them.</param>
internal sealed record QueueEntry(byte[] Message, Qos Qos, bool Retain, string SubscriptionIds)
{
    // About what a row takes besides the message.
    private const int Overhead = 32;

    public long Size => Message.Length + Overhead;

    public static QueueEntry Of(byte[] message, Qos qos, bool retain, ImmutableArray<uint> subscriptionIds) =>
        new(message, qos, retain, subscriptionIds.IsEmpty ? "" : string.Join(',', subscriptionIds));

    public static ImmutableArray<uint> ParseSubscriptionIds(string ids) =>
        ids.Length == 0 ? [] : [.. ids.Split(',').Select(id => uint.Parse(id, CultureInfo.InvariantCulture))];
}
