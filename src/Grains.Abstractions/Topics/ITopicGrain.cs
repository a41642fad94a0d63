using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Topics;

/// <summary>One topic, keyed by <c>{tenant}/{topic}</c>: its numbers, its latest reading, and the way to its history.</summary>
[Alias("iot.ITopicGrain")]
public interface ITopicGrain : IGrainWithStringKey
{
    /// <summary>
    /// Stores the messages, all of this topic and of one publisher, in this order, each with the next number; what comes
    /// again is recognised (<see cref="TelemetryMessage.IsRecognisable"/>) and not stored again. In the same transaction they enter the queues of
    /// the durable sessions that subscribe, and become the retained message. Complete when everything is durable and can be
    /// read; then all who subscribe hear them. A topic that is transient keeps no history of them.
    /// </summary>
    /// <param name="session">The publisher's session, by its name within the tenant.</param>
    /// <param name="isDurable">That session is durable: packet identifiers of QoS 2 are remembered in the same transaction.</param>
    /// <returns>How many of them were redeliveries.</returns>
    /// <exception cref="FailureException">
    /// Unavailable: the store could not do it; nothing of this call is acknowledged. Conflict: another activation has the topic, or this one keeps no
    /// history and may have delivered a repetition of QoS 2.
    /// </exception>
    // As long as it is not known what becomes of an append, its device waits: what it sends again meanwhile is recognised
    // only by what is stored.
    [OnceOnly, ResponseTimeout("01:00:00"), Alias("Append")]
    Task<int> Append(ImmutableArray<TelemetryMessage> messages, string session, bool isDurable);

    /// <returns>The reading with the greatest position, or null for a topic without readings, or without any left.</returns>
    /// <exception cref="FailureException">Forbidden: the caller may not read telemetry.</exception>
    [ResponseTimeout("00:00:04"), Alias("Latest")]
    Task<TelemetryMessage?> Latest();

    /// <summary>One page of the range.</summary>
    /// <returns>The page, or null for a topic that never had any readings.</returns>
    /// <exception cref="FailureException">Invalid: the range or the limit is senseless. Forbidden: the caller may not read telemetry.</exception>
    [Alias("Read")]
    Task<TelemetryPage?> Read(TelemetryQuery query);

    /// <summary>The numbers of a range, summed up bucket by bucket.</summary>
    /// <returns>The page, or null for a topic that never had any readings.</returns>
    /// <exception cref="FailureException">Invalid: the range, a width, a time zone or the limit is senseless. Forbidden: the caller may not read telemetry.</exception>
    [Alias("Aggregate")]
    Task<AggregatePage?> Aggregate(AggregateQuery query);

    /// <summary>The numbers of a range, as many as a chart can show.</summary>
    /// <returns>The points, or null for a topic that never had any readings.</returns>
    /// <exception cref="FailureException">Invalid: the range or the number of columns is senseless. Forbidden: the caller may not read telemetry.</exception>
    [Alias("Points")]
    Task<PointPage?> Points(PointQuery query);

    /// <summary>
    /// Tells the observer of every reading from here on, as soon as it is durable, for <see cref="TopicWatch.Lease"/>; who goes
    /// on watching calls again before that is over. A topic may forget who watches (its silo has died), and an observer may be
    /// too slow to be told: the numbers show what is missing, and <see cref="ReadAfter"/> has it.
    /// </summary>
    /// <returns>The number of the last durable reading; what comes behind it, the observer is told. 0 for a topic without readings, or one that keeps none.</returns>
    /// <exception cref="FailureException">Forbidden: the caller may not read telemetry.</exception>
    [Alias("Watch")]
    Task<long> Watch(ITopicObserver observer);

    /// <summary>Tells the observer no more.</summary>
    [Alias("Unwatch")]
    Task Unwatch(ITopicObserver observer);

    /// <summary>Readings in the order in which they were stored.</summary>
    /// <param name="seq">The number before the first one that is asked for.</param>
    /// <param name="limit">The most readings, 1 to <see cref="TelemetryQuery.MaxLimit"/>; there may be fewer, and there are none only at the end.</param>
    /// <exception cref="FailureException">Invalid: the limit is senseless. Forbidden: the caller may not read telemetry.</exception>
    [Alias("ReadAfter")]
    Task<ImmutableArray<TelemetryMessage>> ReadAfter(long seq, int limit);
}

public static class TopicWatch
{
    /// <summary>How long an observer is told without asking again.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
}

public static class TopicGrains
{
    public static ITopicGrain Topic(this IGrainFactory grains, string tenant, string topic) =>
        grains.GetGrain<ITopicGrain>(new GrainKey(tenant, topic).ToString());
}
