using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Sessions;

/// <summary>
/// The way of a client's messages to their topics: what it may not publish is refused, what is known to be stored is
/// marked, and each topic gets its part of a batch. Part of a grain, and used in its turns only.
/// </summary>
/// <param name="name">How messages name the client: a device's id, or <c>users/{id}</c>.</param>
internal sealed partial class Publisher(
    string tenant,
    string name,
    IGrainFactory grains,
    ITelemetryHistory history,
    ISessionStore store,
    GrainsOptions options,
    ILogger logger)
{
    private readonly string _key = $"{tenant}/{name}";

    /// <summary>Made when the first message with the DUP flag asks for it; until then nothing needs to be remembered.</summary>
    private Redeliveries? _redeliveries;

    /// <summary>Topics that hold, or have held, a retained message of the client's; read when it first makes one.</summary>
    private HashSet<string>? _retained;

    public long Redelivered { get; private set; }

    public long Refused { get; set; }

    /// <param name="grants">What the client may publish to besides its own topics.</param>
    /// <param name="session">The session's name.</param>
    /// <param name="isDurable">Packet identifiers of QoS 2 are remembered with the messages.</param>
    /// <param name="messages">In the order in which they were sent.</param>
    public async Task<PublishResult> Publish(
        ImmutableArray<string> grants, string session, bool isDurable, ImmutableArray<TelemetryMessage> messages)
    {
        var failures = new List<PublishFailure>();
        var topics = await Accept(grants, messages, failures);
        if (topics.Count == 1)
        {
            foreach (var (topic, share) in topics)
            {
                await Append(topic, share, session, isDurable, messages, failures);
            }
        }
        else
        {
            await Task.WhenAll(topics.Select(topic => Append(topic.Key, topic.Value, session, isDurable, messages, failures)));
        }

        Refused += failures.Count;
        return failures.Count == 0
            ? PublishResult.AllStored
            : new PublishResult([.. failures.OrderBy(failure => failure.Index)]);
    }

    /// <summary>What goes to which topic; what may not be published is added to the failures.</summary>
    private async ValueTask<Dictionary<string, Share>> Accept(
        ImmutableArray<string> grants, ImmutableArray<TelemetryMessage> messages, List<PublishFailure> failures)
    {
        var topics = new Dictionary<string, Share>();
        var retained = messages.Any(message => message.Retain) ? await RetainedBefore(messages) : null;
        for (var i = 0; i < messages.Length; i++)
        {
            var message = messages[i];
            if (message.Device != name)
            {
                throw new FailureException(Failure.Invalid, "A client publishes as itself only.");
            }

            if (!Permissions.MayPublish(name, grants, message.Topic))
            {
                failures.Add(new PublishFailure(i, Failure.Forbidden, "The client may not publish to this topic."));
                continue;
            }

            if (retained is not null && message.Retain && !MayRetain(message, retained))
            {
                failures.Add(new PublishFailure(
                    i, Failure.TooMany, $"A client has retained messages in at most {options.RetainedPerPublisher} topics."));
                continue;
            }

            if (!topics.TryGetValue(message.Topic, out var share))
            {
                topics.Add(message.Topic, share = new Share());
            }

            var isKnown = message.Dup
                && Redeliveries.Concerns(message)
                && (await IsStored(message) || share.Messages.Exists(earlier => IsSame(messages[earlier], message)));
            share.Messages.Add(i);
            if (isKnown)
            {
                (share.Known ??= []).Add(i);
            }
        }

        return topics;
    }

    private async ValueTask<bool> IsStored(TelemetryMessage message)
    {
        _redeliveries ??= new Redeliveries((await history.ReadDeviceTail(_key, Redeliveries.Capacity)).WithoutOwnTime);
        return _redeliveries.Contains(message);
    }

    private static bool IsSame(TelemetryMessage earlier, TelemetryMessage message) =>
        Redeliveries.Concerns(earlier)
        && earlier.PacketId == message.PacketId
        && earlier.Payload.Span.SequenceEqual(message.Payload.Span);

    /// <summary>Retained messages stay for ever, so a client has only so many. An empty one removes, and may always come.</summary>
    private bool MayRetain(TelemetryMessage message, HashSet<string> retained)
    {
        if (message.Payload.IsEmpty)
        {
            retained.Remove(message.Topic);
            return true;
        }

        return retained.Contains(message.Topic) || (retained.Count < options.RetainedPerPublisher && retained.Add(message.Topic));
    }

    /// <summary>
    /// Others may have replaced some, or an append failed, since the topics were counted; so where there might be too many,
    /// they are counted anew. Once for all messages, and before any of them, because the store does not know yet of what is
    /// accepted and under way.
    /// </summary>
    private async ValueTask<HashSet<string>> RetainedBefore(ImmutableArray<TelemetryMessage> messages)
    {
        var added = messages.Count(message =>
            message.Retain && !message.Payload.IsEmpty && _retained?.Contains(message.Topic) is not true);
        if (_retained is null || (added > 0 && _retained.Count + added > options.RetainedPerPublisher))
        {
            _retained = await ReadRetained();
        }

        return _retained;
    }

    private async Task<HashSet<string>> ReadRetained() =>
        [.. await store.ReadRetainedTopics(_key, options.RetainedPerPublisher)];

    private async Task Append(
        string topic,
        Share share,
        string session,
        bool isDurable,
        ImmutableArray<TelemetryMessage> messages,
        List<PublishFailure> failures)
    {
        var ofTopic = share.Of(messages);
        try
        {
            Redelivered += await grains.Topic(tenant, topic).Append(ofTopic, session, isDurable);
        }
        catch (Exception e)
        {
            var failure = e as FailureException;
            if (failure is null)
            {
                LogAppendFailed(logger, _key, topic, e);
            }

            failures.AddRange(share.Messages.Select(i => new PublishFailure(
                i, failure?.Failure ?? Failure.Unavailable, failure?.Message ?? "The reading could not be stored. Send it again.")));
            return;
        }

        if (_redeliveries is not null)
        {
            foreach (var message in ofTopic.Where(message => !message.IsStored && Redeliveries.Concerns(message)))
            {
                _redeliveries.Remember(message);
            }
        }
    }

    /// <summary>What goes to one topic of a batch, by index.</summary>
    private sealed class Share
    {
        public List<int> Messages { get; } = [];

        /// <summary>Redeliveries of what is stored, or of an earlier one of them, with which they stand and fall.</summary>
        public HashSet<int>? Known { get; set; }

        public ImmutableArray<TelemetryMessage> Of(ImmutableArray<TelemetryMessage> batch) =>
            Known is null
                ? Messages.Count == batch.Length ? batch : [.. Messages.Select(i => batch[i])]
                : [.. Messages.Select(i => Known.Contains(i) ? batch[i] with { IsStored = true } : batch[i])];
    }
}
