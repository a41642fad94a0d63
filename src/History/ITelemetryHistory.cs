using OrleansIoT.Telemetry;

namespace OrleansIoT.History;

/// <summary>What a topic grain needs to go on where the topic's history ends.</summary>
/// <param name="LastSeq">The number of the last stored reading, 0 when there is none.</param>
/// <param name="Latest">The reading with the greatest position, or null when there is none.</param>
public sealed record TopicTail(long LastSeq, TelemetryMessage? Latest);

/// <summary>What a device grain needs to recognise redeliveries and to say what the device has done.</summary>
/// <param name="Readings">How many readings of the device are stored.</param>
/// <param name="LastReceivedAt">When the last of them arrived, or null.</param>
/// <param name="WithoutOwnTime">Its last stored readings of QoS 1 or 2 that carried no time of their own, oldest first.</param>
public sealed record DeviceTail(long Readings, DateTimeOffset? LastReceivedAt, IReadOnlyList<TelemetryMessage> WithoutOwnTime);

/// <summary>
/// Telemetry that survives a crash. Topics and devices are named by grain key, <c>{tenant}/{name}</c>. An append is
/// complete only when it is durable; from that moment every other member sees it.
/// </summary>
public interface ITelemetryHistory
{
    /// <summary>
    /// Stores the messages under the numbers <paramref name="firstSeq"/>, firstSeq + 1, … Appends are committed in the
    /// order of the calls, many in one transaction. The work is queued before the method returns.
    /// </summary>
    /// <param name="topic">The topic's key.</param>
    /// <param name="firstSeq">The number after the topic's last one. With any other number nothing is stored: that is how a second activation of the topic, or one that lost an append, is found out.</param>
    /// <param name="messages">At least one, all of this topic.</param>
    /// <exception cref="SequenceConflictException">The topic's history does not end at firstSeq - 1.</exception>
    /// <exception cref="Failures.FailureException">Unavailable: not durable (a full disk, a lost database); whatever the caller retries, nothing acknowledged is lost.</exception>
    Task Append(string topic, long firstSeq, IReadOnlyList<TelemetryMessage> messages);

    Task<TopicTail> ReadTopicTail(string topic, CancellationToken cancellation = default);

    /// <param name="device">The device's key.</param>
    /// <param name="count">How many readings without their own time at most.</param>
    Task<DeviceTail> ReadDeviceTail(string device, int count, CancellationToken cancellation = default);

    /// <summary>One page of a topic's range, ascending by (At, Seq). Empty for a topic that has none.</summary>
    Task<TelemetryPage> Read(string topic, TelemetryQuery query, CancellationToken cancellation = default);

    /// <summary>All readings of a topic whose event time is one of these, in any order: where redeliveries are looked for.</summary>
    Task<IReadOnlyList<TelemetryMessage>> ReadAt(
        string topic, IReadOnlyCollection<DateTimeOffset> times, CancellationToken cancellation = default);
}

/// <summary>The topic's history does not end where the writer believed; the writer reads its tail again, or gives way.</summary>
public sealed class SequenceConflictException(string message) : Exception(message);
