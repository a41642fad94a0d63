using System.Collections.Immutable;
using OrleansIoT.Grains.Telemetry;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Topics;

/// <summary>
/// What comes again is stored once. The history is asked here and not by the publisher, because the number of the append is the fence: what
/// another activation stores behind the answer makes this one's append fail, and then it is asked anew.
/// </summary>
public sealed partial class TopicGrain
{
    /// <summary>Stores round times.</summary>
    private static readonly TimeSpan SameMoment = TimeSpan.FromMilliseconds(1);

    private readonly SemaphoreSlim _lookUp = new(1);

    /// <summary>The greatest event time that was given a number, durable or not yet; ticks, -1 before the first.</summary>
    private long _newest = -1;

    /// <summary>The greatest arrival of what came again without a time of its own; ticks, -1 before the first.</summary>
    private long _cameAgain = -1;

    /// <summary>Of the event time that has most readings among those that were looked up, when they are many.</summary>
    private Crowd? _crowd;

    /// <summary>
    /// A reading with a time of its own that is newer than all before it cannot be one of them. One without is another reading, unless
    /// somebody says that it comes again, or it arrived before one of which that was said. Only the others need a look-up.
    /// </summary>
    private bool MayBeKnown(ImmutableArray<TelemetryMessage> messages)
    {
        if (_isTransient)
        {
            return false;
        }

        var newest = _newest;
        foreach (var message in messages)
        {
            if (message.HasOwnTime ? message.At.UtcTicks <= newest : MayHaveCome(message))
            {
                return true;
            }

            newest = Math.Max(newest, message.At.UtcTicks);
        }

        return false;
    }

    private bool MayHaveCome(TelemetryMessage message) =>
        !message.HasOwnTime && message.PacketId != 0 && (SaysItComesAgain(message) || message.ReceivedAt.UtcTicks <= _cameAgain);

    private static bool SaysItComesAgain(TelemetryMessage message) => message.Dup || message.IsRepeat;

    private async Task<int> AppendUnknown(ImmutableArray<TelemetryMessage> messages, string session, bool isDurable)
    {
        // Who comes while these are looked up, and is one of them, has to wait for that.
        foreach (var message in messages)
        {
            if (message.HasOwnTime)
            {
                _newest = Math.Max(_newest, message.At.UtcTicks);
            }
            else if (SaysItComesAgain(message))
            {
                _cameAgain = Math.Max(_cameAgain, message.ReceivedAt.UtcTicks);
            }
        }

        await _lookUp.WaitAsync();
        try
        {
            IReadOnlyList<TelemetryMessage> known;
            Dictionary<ushort, TelemetryMessage> lastOf;
            do
            {
                if (!routes.IsCurrent)
                {
                    await routes.BecomeCurrent();
                }

                // A first delivery that is still on its way to the disk is not found there: let it arrive, or fail.
                await _lastAppend.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

                var newest = _newest;
                var times = messages
                    .Where(m => m.HasOwnTime && m.At.UtcTicks <= newest && m.At != _crowd?.At).Select(m => m.At).ToHashSet();
                known = times.Count == 0 ? [] : await history.ReadAt(KeyText, times);
                lastOf = await ReadLastOf(messages);
            }
            while (!routes.IsCurrent);

            RememberCrowd(known);
            var seen = new HashSet<TelemetryMessage>(known.Where(m => m.HasOwnTime), SameReading.Instance);
            return await Store(
                [.. messages.Select(m => IsNew(m) ? m : m with { IsStored = true, IsRepeat = m.IsRepeat || IsLate(m) })], session, isDurable);

            bool IsNew(TelemetryMessage message)
            {
                if (message.HasOwnTime)
                {
                    return message.At == _crowd?.At ? _crowd.Add(message) : seen.Add(message);
                }

                var isNew = !MayHaveCome(message) || !lastOf.TryGetValue(message.PacketId, out var last) || !IsSame(message, last);
                if (isNew && message.PacketId != 0)
                {
                    lastOf[message.PacketId] = message;
                }

                return isNew;
            }

            // A call may be on its way for so long that a redelivery overtakes it. What is published anew is received later.
            bool IsLate(TelemetryMessage message) => message.HasOwnTime
                ? seen.TryGetValue(message, out var stored) && stored.Seq > 0 && message.ReceivedAt - stored.ReceivedAt < SameMoment
                : !message.Dup;
        }
        finally
        {
            _lookUp.Release();
        }
    }

    /// <summary>
    /// Only the last one with its packet identifier can be the same: an identifier is used again when the message before is
    /// acknowledged, and then that is not sent again [MQTT-2.2.1-3]. What its client sends again arrives later, and what a grain is
    /// given again, or late, did not: so a client that has one identifier for all it sends may send the same twice.
    /// </summary>
    private static bool IsSame(TelemetryMessage message, TelemetryMessage last) =>
        last.Topic == message.Topic
        && last.ReceivedAt >= (message.FirstReceivedAt ?? (message.Dup ? DateTimeOffset.MinValue : message.ReceivedAt))
        && last.Payload.Span.SequenceEqual(message.Payload.Span);

    /// <returns>What the device has stored last with the packet identifiers of those that may have come before.</returns>
    private async ValueTask<Dictionary<ushort, TelemetryMessage>> ReadLastOf(ImmutableArray<TelemetryMessage> messages)
    {
        var ids = messages.Where(MayHaveCome).Select(message => message.PacketId).ToHashSet();
        return ids.Count == 0
            ? []
            : (await history.ReadLastOf($"{Key.Tenant}/{messages[0].Device}", ids)).ToDictionary(message => message.PacketId);
    }

    /// <summary>What is added to it is stored, or this activation gives way.</summary>
    private void RememberCrowd(IReadOnlyList<TelemetryMessage> known)
    {
        if (_crowd is { IsTooLarge: true })
        {
            _crowd = null;
        }

        if (known.Count is >= Crowd.Least and <= Crowd.Most
            && known.Where(m => m.HasOwnTime).GroupBy(m => m.At).MaxBy(time => time.Count()) is { } largest
            && largest.Count() >= Crowd.Least)
        {
            _crowd = new Crowd(largest.Key, largest);
        }
    }
}
