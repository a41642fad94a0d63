using System.Collections.Immutable;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Topics;

/// <summary>Readings that were appended to a topic and are durable.</summary>
/// <param name="Tenant">The topic's tenant.</param>
/// <param name="Topic">Its name.</param>
/// <param name="FirstSeq">The number of the first; the others have the next ones.</param>
/// <param name="Messages">In the order of their numbers; none of them a redelivery.</param>
[GenerateSerializer, Immutable, Alias("iot.AppendedReadings")]
public sealed record AppendedReadings(
    [property: Id(0)] string Tenant,
    [property: Id(1)] string Topic,
    [property: Id(2)] long FirstSeq,
    [property: Id(3)] ImmutableArray<TelemetryMessage> Messages);

/// <summary>A gateway process, for topics to talk to: one observer for all of its live streams.</summary>
[Alias("iot.ITopicObserver")]
public interface ITopicObserver : IGrainObserver
{
    /// <summary>A topic has grown. Returns at once: each stream takes what it can.</summary>
    [Alias("Appended")]
    Task Appended(AppendedReadings readings);
}
