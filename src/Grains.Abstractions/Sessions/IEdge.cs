using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Sessions;

/// <summary>Why the server ends a connection.</summary>
public enum ConnectionEnd
{
    /// <summary>The same client connected anew, or one connection too many of its kind did (MQTT 5.0 reason code 0x8E).</summary>
    TakenOver = 1,

    /// <summary>The device was removed, its key renewed, the user deactivated (0x87).</summary>
    CredentialRevoked,

    /// <summary>The client's grain left memory and knows the connection no longer: it is told again, or the connection ends (0x83).</summary>
    Forgotten,
}

/// <summary>A message of a <see cref="Delivery"/> for one connection by name: from its session's durable queue, or as the member of a share.</summary>
/// <param name="ConnectionId">Whom it is for.</param>
/// <param name="Message">Its index among the delivery's messages.</param>
/// <param name="Number">Its number in the session's durable queue, from 1; 0 when it does not stand there.</param>
/// <param name="Qos">How to send it: the lower one of the message's and the subscription's.</param>
/// <param name="Retain">The RETAIN flag to send it with.</param>
/// <param name="SubscriptionIds">Of all of the session's subscriptions that matched and have one.</param>
/// <param name="After">
/// The number before it in that queue that is of the same topic: what it must not overtake [MQTT-4.6.0-6]. 0 when the topic does
/// not know, so that it may be any; <see cref="Unordered"/> when nothing can have been overtaken, or may be.
/// </param>
[GenerateSerializer, Immutable, Alias("iot.Addressed")]
public sealed record Addressed(
    [property: Id(0)] string ConnectionId,
    [property: Id(1)] int Message,
    [property: Id(2)] long Number,
    [property: Id(3)] Qos Qos,
    [property: Id(4)] bool Retain,
    [property: Id(5)] ImmutableArray<uint> SubscriptionIds,
    [property: Id(6)] long After = Addressed.Unordered)
{
    public const long Unordered = -1;
}

/// <summary>What a topic has to say to an edge: messages that were published, durable by now where they have to be.</summary>
/// <param name="Tenant">The topic's tenant.</param>
/// <param name="Session">The session that published them, for subscriptions with No Local.</param>
/// <param name="Messages">All of one topic, in their order there.</param>
/// <param name="Addressed">
/// What the silo has decided: messages out of durable queues, and shares. Everything else the edge matches against the
/// subscriptions of its own sessions, and leaves out what comes here: pairs of a durable session and a QoS above 0.
/// </param>
[GenerateSerializer, Immutable, Alias("iot.Delivery")]
public sealed record Delivery(
    [property: Id(0)] string Tenant,
    [property: Id(1)] string Session,
    [property: Id(2)] ImmutableArray<TelemetryMessage> Messages,
    [property: Id(3)] ImmutableArray<Addressed> Addressed);

/// <summary>An edge process, for grains to talk to: one observer for all its connections.</summary>
[Alias("iot.IEdge")]
public interface IEdge : IGrainObserver
{
    /// <summary>Messages for sessions of this edge. Returns at once: each session has a bounded queue of its own.</summary>
    /// <param name="deliveries">Of one topic, in their order there.</param>
    /// <param name="number">In a cluster, where an answer may be lost on the way: by which an edge knows what it has; 0 outside of one.</param>
    // In a cluster the silo that it goes by may die, and who delivers is not told: it is sent again.
    [ResponseTimeout("00:00:03"), Alias("Deliver")]
    Task Deliver(ImmutableArray<Delivery> deliveries, long number);

    /// <summary>
    /// Ends a connection. Complete when nothing more is sent on it and its grain has heard <see cref="IClientGrain.Disconnect"/>; at once
    /// for one that was forgotten and that goes on.
    /// </summary>
    // Deliveries do not wait for it, on engines whose observers hear one thing at a time.
    [AlwaysInterleave, Alias("End")]
    Task End(string connectionId, ConnectionEnd why);
}
