using System.Collections.Immutable;

namespace OrleansIoT.Telemetry;

/// <summary>A name and a value of the publisher's own; names may repeat, and their order counts (MQTT 5.0 section 3.3.2.3.7).</summary>
[GenerateSerializer, Immutable, Alias("iot.UserProperty")]
public readonly record struct UserProperty([property: Id(0)] string Name, [property: Id(1)] string Value);

/// <summary>
/// What an MQTT 5.0 publisher says about a message and its subscribers are told unaltered (section 3.3.2.3). The history
/// does not keep it.
/// </summary>
/// <param name="IsUtf8">The Payload Format Indicator; null when absent.</param>
/// <param name="ExpiresAfter">The Message Expiry Interval in seconds, counted from the message's arrival; null for no end.</param>
/// <param name="ContentType">Of the payload.</param>
/// <param name="ResponseTopic">A topic name for answers.</param>
/// <param name="CorrelationData">What an answer is known by.</param>
/// <param name="User">In the publisher's order.</param>
[GenerateSerializer, Immutable, Alias("iot.MessageProperties")]
public sealed record MessageProperties(
    [property: Id(0)] bool? IsUtf8,
    [property: Id(1)] uint? ExpiresAfter,
    [property: Id(2)] string? ContentType,
    [property: Id(3)] string? ResponseTopic,
    [property: Id(4)] ReadOnlyMemory<byte>? CorrelationData,
    [property: Id(5)] ImmutableArray<UserProperty> User);
