using System.Collections.Immutable;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Topics;

/// <summary>One topic, keyed by <c>{tenant}/{topic}</c>: its numbers, its latest reading, and the way to its history.</summary>
[Alias("iot.ITopicGrain")]
public interface ITopicGrain : IGrainWithStringKey
{
    /// <summary>
    /// Stores the messages, all of this topic and of one device, in this order, each with the next number; a redelivery
    /// of a reading with its own time is recognised and not stored again. Complete when everything is durable and can be read.
    /// </summary>
    /// <returns>How many of them were redeliveries.</returns>
    /// <exception cref="Failures.FailureException">Unavailable: the store could not do it; nothing of this call is acknowledged.</exception>
    // As long as it is not known what becomes of an append, its device waits: what it sends again meanwhile is recognised
    // only by what is stored.
    [ResponseTimeout("01:00:00"), Alias("Append")]
    Task<int> Append(ImmutableArray<TelemetryMessage> messages);

    /// <returns>The reading with the greatest position, or null for a topic without readings.</returns>
    /// <exception cref="Failures.FailureException">Forbidden: the caller may not read telemetry.</exception>
    [Alias("Latest")]
    Task<TelemetryMessage?> Latest();

    /// <summary>One page of the range.</summary>
    /// <returns>The page, or null for a topic without any readings.</returns>
    /// <exception cref="Failures.FailureException">Invalid: the range or the limit is senseless. Forbidden: the caller may not read telemetry.</exception>
    [Alias("Read")]
    Task<TelemetryPage?> Read(TelemetryQuery query);
}

public static class TopicGrains
{
    public static ITopicGrain Topic(this IGrainFactory grains, string tenant, string topic) =>
        grains.GetGrain<ITopicGrain>(new GrainKey(tenant, topic).ToString());
}
