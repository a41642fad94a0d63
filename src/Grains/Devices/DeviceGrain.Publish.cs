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

    /// <summary>The indexes of what has to be stored, by topic; what may not be is added to the failures.</summary>
    private async ValueTask<Dictionary<string, List<int>>> Accept(
        ImmutableArray<TelemetryMessage> messages, List<PublishFailure> failures)
    {
        var topics = new Dictionary<string, List<int>>();
        var batch = new List<TelemetryMessage>();
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

            if (message.Dup && Redeliveries.Concerns(message) && await IsRedelivery(message, batch))
            {
                _redelivered++;
                continue;
            }

            batch.Add(message);
            if (!topics.TryGetValue(message.Topic, out var indexes))
            {
                topics.Add(message.Topic, indexes = []);
            }

            indexes.Add(i);
        }

        return topics;
    }

    private async ValueTask<bool> IsRedelivery(TelemetryMessage message, List<TelemetryMessage> batch)
    {
        _redeliveries ??= new Redeliveries(
            (await history.ReadDeviceTail(Key.ToString(), Redeliveries.Capacity)).WithoutOwnTime);
        return _redeliveries.Contains(message) || batch.Exists(earlier =>
            Redeliveries.Concerns(earlier)
            && earlier.PacketId == message.PacketId
            && earlier.Topic == message.Topic
            && earlier.Payload.Span.SequenceEqual(message.Payload.Span));
    }

    private async Task Append(
        string topic, List<int> indexes, ImmutableArray<TelemetryMessage> messages, List<PublishFailure> failures)
    {
        var ofTopic = indexes.Count == messages.Length ? messages : [.. indexes.Select(i => messages[i])];
        try
        {
            await GrainFactory.Topic(Key.Tenant, topic).Append(ofTopic);
        }
        catch (Exception e)
        {
            var failure = e as FailureException;
            if (failure is null)
            {
                LogAppendFailed(logger, Key.ToString(), topic, e);
            }

            failures.AddRange(indexes.Select(i => new PublishFailure(
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
}
