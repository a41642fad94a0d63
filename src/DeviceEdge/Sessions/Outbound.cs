using System.Collections.Immutable;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>A message on its way to one session.</summary>
/// <param name="Message">What is sent.</param>
/// <param name="Qos">How: the lower one of the message's and the subscription's [MQTT-3.8.4-8].</param>
/// <param name="Retain">The RETAIN flag to send it with.</param>
/// <param name="SubscriptionIds">Of the subscriptions that matched; empty, never default.</param>
internal readonly record struct Outbound(TelemetryMessage Message, Qos Qos, bool Retain, ImmutableArray<uint> SubscriptionIds)
{
    /// <summary>What a message takes besides its content, about.</summary>
    private const int Overhead = 256;

    /// <summary>The memory it takes while it waits, about; as if nobody else waited for it too.</summary>
    public long Size => SizeOf(Message);

    public static long SizeOf(TelemetryMessage message)
    {
        long size = Overhead + message.Payload.Length + message.Topic.Length;
        if (message.Properties is { } properties)
        {
            size += (properties.CorrelationData?.Length ?? 0) + (properties.ContentType?.Length ?? 0) + (properties.ResponseTopic?.Length ?? 0);
            foreach (var (name, value) in properties.User)
            {
                size += name.Length + value.Length;
            }
        }

        return size;
    }
}
