using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Topics;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Sessions;

/// <summary>
/// The way of a client's messages to their topics: what it may not publish is refused, and each topic gets its part of a batch.
/// Part of a grain, and used in its turns only.
/// </summary>
/// <param name="name">How messages name the client: a device's id, or <c>users/{id}</c>.</param>
/// <param name="routes">By which a silo knows that the others have not given it up.</param>
/// <param name="limit">In a cluster, where an answer may be lost on its way, how long one is waited for; it is unknown then.</param>
internal sealed partial class Publisher(
    string tenant,
    string name,
    IGrainFactory grains,
    ISessionStore store,
    GrainsOptions options,
    Routes routes,
    TimeSpan? limit,
    TimeProvider clock,
    ILogger logger)
{
    /// <summary>Of which the first is the ordinary one.</summary>
    private const int MostAttempts = 3;

    /// <summary>Longer than it takes to declare a silo dead and to find its topics elsewhere, and less than a device waits for PUBACK.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Then an answer may have been lost with a connection between two silos, of which nobody hears. Longer than an append takes that
    /// does not wait for the store.
    /// </summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly string _key = $"{tenant}/{name}";

    /// <summary>Topics that hold, or have held, a retained message of the client's; read when it first makes one.</summary>
    private HashSet<string>? _retained;

    /// <summary>When the first copy arrived of what was not stored, or of what that is not known: by packet identifier, of what has no time of its own.</summary>
    private Dictionary<(string Session, ushort PacketId), DateTimeOffset>? _unsettled;

    private string? _lastTopic;
    private ITopicGrain? _lastGrain;

    public long Redelivered { get; private set; }

    /// <param name="grants">What the client may publish to besides its own topics.</param>
    /// <param name="session">The session's name.</param>
    /// <param name="isDurable">Packet identifiers of QoS 2 are remembered with the messages.</param>
    /// <param name="messages">In the order in which they were sent.</param>
    public async Task<PublishResult> Publish(
        ImmutableArray<string> grants, string session, bool isDurable, ImmutableArray<TelemetryMessage> messages)
    {
        messages = WithFirstArrivals(session, messages);
        try
        {
            var result = await PublishNow(grants, session, isDurable, messages);
            if (_unsettled is not null || !result.Failures.IsEmpty)
            {
                Settle(session, messages, result.Failures);
            }

            return result;
        }
        catch
        {
            foreach (var message in messages)
            {
                Remember(session, message);
            }

            throw;
        }
    }

    private async Task<PublishResult> PublishNow(
        ImmutableArray<string> grants, string session, bool isDurable, ImmutableArray<TelemetryMessage> messages)
    {
        var batch = new PublishedBatch(messages);
        await Accept(batch, grants);
        Exception? unknown = null;

        await DemandHeard();

        // All of them are on their way before the first one is awaited, so they become durable together.
        for (var share = batch.First; share is not null; share = share.Next)
        {
            share.Append = GrainOf(share.Topic).Append(share.Messages, session, isDurable);
        }

        for (var share = batch.First; share is not null; share = share.Next)
        {
            try
            {
                Redelivered += await InTime(share);
            }
            catch (Exception e)
            {
                unknown ??= await Retry(batch, share, session, isDurable, e);
            }
        }

        if (unknown is not null)
        {
            ExceptionDispatchInfo.Throw(unknown);
        }

        return batch.Result();
    }

    /// <summary>
    /// What a topic has not stored because it goes on in another activation is given to that one. What may be stored,
    /// because a silo died before it could say, is given again only where the topic recognises it: until another silo has the topic.
    /// </summary>
    /// <returns>Null when it is known what has become of it, and else why not: then nothing of the batch is answered.</returns>
    private async ValueTask<Exception?> Retry(PublishedBatch batch, TopicShare share, string session, bool isDurable, Exception e)
    {
        var again = e is FailureException && options.IsTransient(share.Topic)
            ? share.Messages
            : [.. share.Messages.Select(message => message with { IsRepeat = true })];
        var unknown = e is FailureException ? null : e;
        var began = clock.GetTimestamp();
        for (var attempt = 1; MayBeRepeated(share, e, attempt, clock.GetElapsedTime(began)); attempt++)
        {
            if (attempt == 1)
            {
                LogAppendRepeated(logger, _key, share.Topic, e.Message);
            }
            else
            {
                await Task.Delay(Pause, clock);
            }

            try
            {
                await DemandHeard();
                var append = GrainOf(share.Topic).Append(again, session, isDurable);
                Redelivered += await (limit is { } most ? append.WaitAsync(most - Doubt) : append);
                return null;
            }
            catch (Exception next)
            {
                e = next;
                unknown = e is FailureException ? unknown : e;
            }
        }

        if (e is FailureException failure && (unknown is null || share.Messages.All(message => message.MayBePublishedAnew)))
        {
            batch.Fail(share, failure.Failure == Failure.Conflict ? Failure.Unavailable : failure.Failure, failure.Message);
            return null;
        }

        LogAppendFailed(logger, _key, share.Topic, unknown!);
        return unknown;
    }

    private bool MayBeRepeated(TopicShare share, Exception e, int attempt, TimeSpan since) => e is FailureException failure
        ? failure.Failure == Failure.Conflict && attempt < MostAttempts
        : IsRecognisable(share) && (limit is null ? e is not TimeoutException && attempt < MostAttempts
            : since < Patience && (e is not TimeoutException || attempt == 1));

    /// <summary>
    /// A silo that stood still for long wakes up in the middle of this. Its clients go on elsewhere by then, and have said again what it
    /// is about to say, so it says no more.
    /// </summary>
    /// <exception cref="FailureException">Unavailable: this silo is not heard, perhaps because it was given up.</exception>
    private Task DemandHeard() => routes.IsHeard ? Task.CompletedTask : routes.BecomeHeard(Doubt);

    /// <summary>A topic without a history knows nothing of what it had; there exactly once is for the publisher's session to see to.</summary>
    private bool IsRecognisable(TopicShare share) => share.Messages.All(message => message.IsRecognisable)
        && !(options.IsTransient(share.Topic) && share.Messages.Any(message => message.Qos == Qos.ExactlyOnce));

    /// <exception cref="TimeoutException">In a cluster: it takes so long that its answer counts as lost.</exception>
    private Task<int> InTime(TopicShare share) => limit is not { } most || share.Append!.IsCompleted
        ? share.Append!
        : share.Append.WaitAsync(IsRecognisable(share) ? Doubt : most);

    /// <summary>Divides a batch among its topics; what may not be published is added to the failures.</summary>
    private async ValueTask Accept(PublishedBatch batch, ImmutableArray<string> grants)
    {
        var messages = batch.Messages;
        var retained = await RetainedBefore(messages);
        string? topic = null;
        var isGranted = false;
        for (var i = 0; i < messages.Length; i++)
        {
            var message = messages[i];
            if (message.Device != name)
            {
                throw new FailureException(Failure.Invalid, "A client publishes as itself only.");
            }

            if (message.Topic != topic)
            {
                topic = message.Topic;
                isGranted = Permissions.MayPublish(name, grants, topic);
            }

            if (!isGranted)
            {
                batch.Fail(i, Failure.Forbidden, Refusal(topic));
            }
            else if (retained is not null && message.Retain && !MayRetain(message, retained))
            {
                batch.Fail(i, Failure.TooMany, $"A client has retained messages in at most {options.RetainedPerPublisher} topics.");
            }
            else
            {
                batch.Accept(i);
            }
        }

        batch.Divide();
    }

    private ImmutableArray<TelemetryMessage> WithFirstArrivals(string session, ImmutableArray<TelemetryMessage> messages) =>
        _unsettled is { Count: > 0 } unsettled && messages.Any(message => message.Dup)
            ? [
                .. messages.Select(message => message.Dup && unsettled.TryGetValue((session, message.PacketId), out var first)
                    ? message with { FirstReceivedAt = first }
                    : message),
            ]
            : messages;

    private void Settle(string session, ImmutableArray<TelemetryMessage> messages, ImmutableArray<PublishFailure> failures)
    {
        foreach (var message in messages)
        {
            _unsettled?.Remove((session, message.PacketId));
        }

        foreach (var failure in failures)
        {
            Remember(session, messages[failure.Index]);
        }
    }

    /// <summary>Its client sends it again, with DUP: it is not the reading before it, if that had the same packet identifier and payload.</summary>
    private void Remember(string session, TelemetryMessage message)
    {
        if (!message.HasOwnTime && message.PacketId != 0 && (message.FirstReceivedAt ?? (message.Dup ? null : message.ReceivedAt)) is { } first)
        {
            (_unsettled ??= [])[(session, message.PacketId)] = first;
        }
    }

    private string Refusal(string topic) => name.Contains('/', StringComparison.Ordinal)
        ? $"{name} may not publish to '{topic}'."
        : $"{name} may not publish to '{topic}'; its own topics begin with devices/{name}/.";

    /// <summary>Most clients have one topic, and its name is the same string each time.</summary>
    private ITopicGrain GrainOf(string topic)
    {
        if (_lastTopic != topic || _lastGrain is null)
        {
            (_lastTopic, _lastGrain) = (topic, grains.Topic(tenant, topic));
        }

        return _lastGrain;
    }

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
    /// <returns>Null if none of the messages is to be retained.</returns>
    private async ValueTask<HashSet<string>?> RetainedBefore(ImmutableArray<TelemetryMessage> messages)
    {
        if (!messages.Any(message => message.Retain))
        {
            return null;
        }

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
}
