using System.Collections.Immutable;
using OrleansIoT.History.Numbers;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.History;

/// <summary>What a topic grain needs to go on where the topic's history ends.</summary>
/// <param name="LastSeq">The number of the last stored reading, 0 when there is none.</param>
/// <param name="Latest">The reading with the greatest position, or null when there is none, or none any more.</param>
public sealed record TopicTail(long LastSeq, TelemetryMessage? Latest);

/// <summary>What a device grain needs to say what the device has done.</summary>
/// <param name="Readings">How many readings of the device are stored.</param>
/// <param name="LastReceivedAt">When the last of them arrived, or null.</param>
public sealed record DeviceTail(long Readings, DateTimeOffset? LastReceivedAt);

/// <summary>What a device has stored.</summary>
/// <param name="Device">Its name in its tenant, or <c>users/{id}</c>.</param>
/// <param name="Readings">How many readings of it are stored.</param>
/// <param name="LastReceivedAt">When the last of them arrived.</param>
public readonly record struct DeviceActivity(string Device, long Readings, DateTimeOffset LastReceivedAt);

/// <summary>A message for a durable session's queue.</summary>
/// <param name="Session">The session's key, <c>{tenant}/{session}</c>.</param>
/// <param name="Message">Its index among the messages that are appended.</param>
/// <param name="Qos">1 or 2.</param>
/// <param name="Retain">The RETAIN flag to send it with.</param>
/// <param name="SubscriptionIds">To send it with.</param>
public sealed record Enqueue(string Session, int Message, Qos Qos, bool Retain, ImmutableArray<uint> SubscriptionIds);

/// <summary>What becomes durable together with an append, or not at all.</summary>
/// <param name="Queued">Messages for durable sessions, in the order of the messages.</param>
/// <param name="Received">QoS 2 packet identifiers of a durable session, by its key; null when there are none.</param>
/// <param name="IsTransient">The topic keeps no history: no reading is stored and none is numbered.</param>
public sealed record AppendEffects(
    IReadOnlyList<Enqueue> Queued,
    (string Session, IReadOnlyList<ushort> PacketIds)? Received,
    bool IsTransient);

/// <summary>
/// Telemetry that survives a crash. Topics and devices are named by grain key, <c>{tenant}/{name}</c>. An append is
/// complete only when it is durable; from that moment every other member sees it.
/// </summary>
public interface ITelemetryHistory
{
    /// <summary>In how many of its last readings a redelivery of a device is looked for: far more than any client has under way.</summary>
    const int Remembered = 1_024;

    /// <summary>
    /// And how long before or after the last of them it may have arrived: nobody sends newer readings for so long while an older one is not acknowledged.
    /// </summary>
    static readonly TimeSpan RememberedFor = TimeSpan.FromDays(1);

    /// <summary>
    /// Stores the messages under the numbers <paramref name="firstSeq"/>, firstSeq + 1, … Appends are committed in the
    /// order of the calls, many in one transaction. The work is queued before the method returns. The last of the messages
    /// with <see cref="TelemetryMessage.Retain"/> becomes the topic's retained message; an empty one removes it.
    /// </summary>
    /// <param name="topic">The topic's key.</param>
    /// <param name="firstSeq">The number after the topic's last one. With any other number nothing is stored: that is how a second activation of the topic, or one that lost an append, is found out.</param>
    /// <param name="messages">All of this topic; those with <see cref="TelemetryMessage.IsStored"/> are not numbered and not stored. At least one, stored or not.</param>
    /// <param name="effects">What becomes durable together with them, or null for nothing. A transient topic has no readings: only this.</param>
    /// <returns>The number of each of <see cref="AppendEffects.Queued"/> in its session's queue, 0 where there is no such session; empty for none.</returns>
    /// <exception cref="SequenceConflictException">The topic's history does not end at firstSeq - 1.</exception>
    /// <exception cref="Failures.FailureException">Unavailable: not durable (a full disk, a lost database); whatever the caller retries, nothing acknowledged is lost.</exception>
    Task<ImmutableArray<long>> Append(
        string topic, long firstSeq, IReadOnlyList<TelemetryMessage> messages, AppendEffects? effects = null);

    Task<TopicTail> ReadTopicTail(string topic, CancellationToken cancellation = default);

    /// <param name="device">The device's key.</param>
    Task<DeviceTail> ReadDeviceTail(string device, CancellationToken cancellation = default);

    /// <summary>
    /// What a device stored last under packet identifiers: of its last <see cref="Remembered"/> readings, and those that arrived less than
    /// <see cref="RememberedFor"/> from the last one, those of QoS 1 or 2 without a time of their own; the last one of each identifier,
    /// in any order. None of before a restore.
    /// </summary>
    /// <param name="device">The device's key.</param>
    /// <param name="packetIds">1 to 65,535 each.</param>
    Task<IReadOnlyList<TelemetryMessage>> ReadLastOf(
        string device, IReadOnlyCollection<ushort> packetIds, CancellationToken cancellation = default);

    /// <summary>What every device of a tenant has stored that has stored anything, in any order.</summary>
    Task<IReadOnlyList<DeviceActivity>> ReadDevices(string tenant, CancellationToken cancellation = default);

    /// <summary>One page of a topic's range, in the order of (At, Seq) that is asked for. Empty for a topic that has none.</summary>
    /// <exception cref="Failures.FailureException">Unavailable: readings of the range are damaged; the message names topic and range, and all others can be read.</exception>
    Task<TelemetryPage> Read(string topic, TelemetryQuery query, CancellationToken cancellation = default);

    /// <summary>
    /// A topic's readings behind a number, in the order of their numbers. Up to <paramref name="limit"/>, and not more than
    /// <see cref="TelemetryPage.MaxBytes"/> at a time; none only when there are none behind it.
    /// </summary>
    /// <exception cref="Failures.FailureException">Unavailable: the next ones are damaged.</exception>
    Task<ImmutableArray<TelemetryMessage>> ReadAfter(
        string topic, long seq, int limit, CancellationToken cancellation = default);

    /// <summary>All readings of a topic whose event time is one of these, in any order: where redeliveries are looked for.</summary>
    Task<IReadOnlyList<TelemetryMessage>> ReadAt(
        string topic, IReadOnlyCollection<DateTimeOffset> times, CancellationToken cancellation = default);

    /// <summary>Gives the numbers of a topic's range to the sink, ascending by (At, Seq), until it has enough. Runs beside the caller.</summary>
    /// <returns>What retention has dropped, when the range begins before the end of that; else null.</returns>
    Task<DroppedReadings?> ReadNumbers(
        string topic, NumberQuery query, INumberSink sink, CancellationToken cancellation = default);

    /// <summary>A tenant's topics that have, or have had, readings and whose names begin with a prefix.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="prefix">The beginning of the names, which need not end a level; empty for all.</param>
    /// <param name="limit">The most topics of the page.</param>
    /// <param name="after">The page begins behind this name; null for the beginning.</param>
    /// <param name="cancellation">Gives up the search.</param>
    Task<TopicPage> ListTopics(
        string tenant, string prefix, int limit, string? after, CancellationToken cancellation = default);
}

/// <summary>The topic's history does not end where the writer believed; the writer reads its tail again, or gives way.</summary>
public sealed class SequenceConflictException(string message) : Exception(message);
