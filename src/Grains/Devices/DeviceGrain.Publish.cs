using System.Collections.Immutable;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Devices;

public sealed partial class DeviceGrain
{
    /// <summary>Made when the first message with the DUP flag asks for it; until then nothing needs to be remembered.</summary>
    private Redeliveries? _redeliveries;

    public async Task<PublishResult> Publish(ImmutableArray<TelemetryMessage> messages)
    {
        Demand(IsThisDevice);
        if (!state.RecordExists)
        {
            ForgetNobody();
            throw new FailureException(Failure.NotSignedIn, "The device is not registered.");
        }

        _lastSeen = clock.GetUtcNow();
        var failures = new List<PublishFailure>();
        var accepted = await Accept(messages, failures);
        await Task.WhenAll(accepted.Select(topic => Append(topic.Key, topic.Value, messages, failures)));

        _refused += failures.Count;
        return failures.Count == 0
            ? PublishResult.AllStored
            : new PublishResult([.. failures.OrderBy(failure => failure.Index)]);
    }

    public Task Refused(int messages)
    {
        Demand(IsThisDevice);
        _refused += messages;
        return Task.CompletedTask;
    }

    /// <summary>What has to be stored, by topic; what may not be is added to the failures.</summary>
    private async ValueTask<Dictionary<string, Share>> Accept(
        ImmutableArray<TelemetryMessage> messages, List<PublishFailure> failures)
    {
        var topics = new Dictionary<string, Share>();
        for (var i = 0; i < messages.Length; i++)
        {
            var message = messages[i];
            if (message.Device != Key.Name)
            {
                throw new FailureException(Failure.Invalid, "A device publishes as itself only.");
            }

            if (!Permissions.MayPublish(Key.Name, state.State.Publish, message.Topic))
            {
                failures.Add(new PublishFailure(i, Failure.Forbidden, "The device may not publish to this topic."));
                continue;
            }

            var mayBeKnown = message.Dup && Redeliveries.Concerns(message);
            if (mayBeKnown && await IsStored(message))
            {
                _redelivered++;
                continue;
            }

            if (!topics.TryGetValue(message.Topic, out var share))
            {
                topics.Add(message.Topic, share = new Share());
            }

            if (mayBeKnown && share.Stored.Exists(earlier => IsSame(messages[earlier], message)))
            {
                _redelivered++;
                share.Repeated.Add(i);
                continue;
            }

            share.Stored.Add(i);
        }

        return topics;
    }

    private async ValueTask<bool> IsStored(TelemetryMessage message)
    {
        _redeliveries ??= new Redeliveries(
            (await history.ReadDeviceTail(Key.ToString(), Redeliveries.Capacity)).WithoutOwnTime);
        return _redeliveries.Contains(message);
    }

    private static bool IsSame(TelemetryMessage earlier, TelemetryMessage message) =>
        Redeliveries.Concerns(earlier)
        && earlier.PacketId == message.PacketId
        && earlier.Payload.Span.SequenceEqual(message.Payload.Span);

    private async Task Append(
        string topic, Share share, ImmutableArray<TelemetryMessage> messages, List<PublishFailure> failures)
    {
        var ofTopic = share.Stored.Count == messages.Length ? messages : [.. share.Stored.Select(i => messages[i])];
        try
        {
            _redelivered += await GrainFactory.Topic(Key.Tenant, topic).Append(ofTopic);
        }
        catch (Exception e)
        {
            var failure = e as FailureException;
            if (failure is null)
            {
                LogAppendFailed(logger, Key.ToString(), topic, e);
            }

            failures.AddRange(share.Stored.Concat(share.Repeated).Select(i => new PublishFailure(
                i, failure?.Failure ?? Failure.Unavailable, failure?.Message ?? "The reading could not be stored. Send it again.")));
            return;
        }

        if (_redeliveries is not null)
        {
            foreach (var message in ofTopic.Where(Redeliveries.Concerns))
            {
                _redeliveries.Remember(message);
            }
        }
    }

    /// <summary>What goes to one topic of a batch, by index.</summary>
    private sealed class Share
    {
        public List<int> Stored { get; } = [];

        /// <summary>Redeliveries of some of them, which stand and fall with them.</summary>
        public List<int> Repeated { get; } = [];
    }
}
