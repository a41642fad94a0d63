namespace OrleansIoT.Sessions;

/// <summary>Quality of service (MQTT 5.0 section 4.3).</summary>
public enum Qos : byte
{
    AtMostOnce = 0,
    AtLeastOnce = 1,
    ExactlyOnce = 2,
}

/// <summary>Whether retained messages are sent when a subscription is made (MQTT 5.0 section 3.8.3.1).</summary>
public enum RetainHandling : byte
{
    SendAtSubscribe = 0,
    SendIfNew = 1,
    DoNotSend = 2,
}

/// <summary>A topic filter and its options (MQTT 5.0 section 3.8.3). In 3.1.1 there is only the QoS.</summary>
/// <param name="Filter">As the client wrote it, with <c>$share/{group}/</c> in front when the subscription is shared.</param>
/// <param name="MaximumQos">The highest QoS that the client wants to be sent.</param>
/// <param name="NoLocal">What the session itself publishes is not sent to it.</param>
/// <param name="RetainAsPublished">The RETAIN flag is forwarded as the publisher set it.</param>
/// <param name="RetainHandling">Whether retained messages are sent when the subscription is made.</param>
/// <param name="Identifier">The subscription identifier, 1 to 268,435,455; 0 for none (section 3.8.2.1.2).</param>
[GenerateSerializer, Immutable, Alias("iot.Subscription")]
public sealed record Subscription(
    [property: Id(0)] string Filter,
    [property: Id(1)] Qos MaximumQos,
    [property: Id(2)] bool NoLocal = false,
    [property: Id(3)] bool RetainAsPublished = false,
    [property: Id(4)] RetainHandling RetainHandling = RetainHandling.SendAtSubscribe,
    [property: Id(5)] uint Identifier = 0);
