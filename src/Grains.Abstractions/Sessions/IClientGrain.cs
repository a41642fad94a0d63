using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Sessions;

/// <summary>A will: what is published when a connection ends and its client did not take its leave (MQTT 5.0 section 3.1.2.5).</summary>
/// <param name="Message">Topic, payload, QoS, RETAIN flag and properties; its times are set when it is published.</param>
/// <param name="Delay">Seconds from the end of the connection (section 3.1.3.2.2).</param>
[GenerateSerializer, Immutable, Alias("iot.Will")]
public sealed record Will([property: Id(0)] TelemetryMessage Message, [property: Id(1)] uint Delay);

/// <summary>A CONNECT that may be accepted.</summary>
/// <param name="ConnectionId">Unique among all connections of all edges.</param>
/// <param name="Edge">The edge that has the connection.</param>
/// <param name="ClientId">The client identifier, perhaps one that the edge has assigned.</param>
/// <param name="Credential">What the client showed.</param>
/// <param name="CleanStart">A session that is there is thrown away.</param>
/// <param name="SessionExpiry">Seconds that the session outlives its connection; 0: not at all, 4,294,967,295: for ever (section 3.1.2.11.2). 3.1.1 without Clean Session is for ever.</param>
/// <param name="Will">What to publish if the client does not take its leave, or null.</param>
/// <param name="EdgeName">The edge by name, as the route table of a cluster knows it; null outside of one.</param>
/// <param name="Since">
/// Null for a CONNECT. Otherwise the connection has been there since then, and the client's grain has left memory meanwhile: it
/// goes on, its client hears nothing of it, and it takes nobody's place. For sessions that are durable or subscribe to nothing.
/// </param>
/// <param name="CalledAs">
/// By what its calls name a connection that goes on. Another one each time: a call of before that is still on its way, or comes twice, is
/// not to be heard by the next activation as well. Null for the connection's own name.
/// </param>
[GenerateSerializer, Immutable, Alias("iot.ClientConnect")]
public sealed record ClientConnect(
    [property: Id(0)] string ConnectionId,
    [property: Id(1)] IEdge Edge,
    [property: Id(2)] string ClientId,
    [property: Id(3)] Credential Credential,
    [property: Id(4)] bool CleanStart,
    [property: Id(5)] uint SessionExpiry,
    [property: Id(6)] Will? Will,
    [property: Id(7)] string? EdgeName = null,
    [property: Id(8)] DateTimeOffset? Since = null,
    [property: Id(9)] string? CalledAs = null);

/// <summary>The session as a connection finds it.</summary>
/// <param name="Session">Its name within the tenant, <c>{device}/{client id}</c> or <c>users/{id}/{client id}</c>.</param>
/// <param name="IsPresent">It was there before (Session Present, section 3.2.2.1.1).</param>
/// <param name="IsDurable">It outlives its connection, so that what happens to it becomes durable.</param>
/// <param name="Subscriptions">Those that it has.</param>
/// <param name="Denied">Topic filters of what is never delivered to it, whatever it subscribes to.</param>
/// <param name="Received">Packet identifiers of QoS 2 messages that were received and not released.</param>
/// <param name="Sent">Numbers of its queue up to this one may have been sent before: they are sent with DUP.</param>
/// <param name="Last">The last number of its queue; 0 for none ever.</param>
/// <param name="Silo">Where the client's grain is, in a cluster.</param>
/// <param name="CalledAs">By what the edge's calls name the connection; null for its own name.</param>
[GenerateSerializer, Immutable, Alias("iot.SessionOpened")]
public sealed record SessionOpened(
    [property: Id(0)] string Session,
    [property: Id(1)] bool IsPresent,
    [property: Id(2)] bool IsDurable,
    [property: Id(3)] ImmutableArray<Subscription> Subscriptions,
    [property: Id(4)] ImmutableArray<string> Denied,
    [property: Id(5)] ImmutableArray<ushort> Received,
    [property: Id(6)] long Sent,
    [property: Id(7)] long Last,
    [property: Id(8)] string? Silo = null,
    [property: Id(9)] string? CalledAs = null);

/// <summary>How a connection ended.</summary>
/// <param name="PublishesWill">The client did not take its leave, or wants its will published all the same.</param>
/// <param name="SessionExpiry">As DISCONNECT has changed it (section 3.14.2.2.2), or null.</param>
/// <param name="Sent">The greatest number of its queue that was sent.</param>
/// <param name="IsServerStopping">The server ended it and is going down: a will waits until the client had time to come back.</param>
[GenerateSerializer, Immutable, Alias("iot.ClientDisconnect")]
public sealed record ClientDisconnect(
    [property: Id(0)] bool PublishesWill,
    [property: Id(1)] uint? SessionExpiry,
    [property: Id(2)] long Sent,
    [property: Id(3)] bool IsServerStopping = false);

/// <summary>What became of one filter of a SUBSCRIBE.</summary>
/// <param name="Failure">Why it was refused, or null: it is granted with the QoS that was asked for.</param>
/// <param name="Why">The refusal in words, or null.</param>
/// <param name="SendsRetained">The edge now fetches and sends the filter's retained messages (<see cref="IClientGrain.Retained"/>).</param>
[GenerateSerializer, Immutable, Alias("iot.SubscribeOutcome")]
public sealed record SubscribeOutcome(
    [property: Id(0)] Failure? Failure,
    [property: Id(1)] string? Why,
    [property: Id(2)] bool SendsRetained);

/// <param name="Outcomes">One for each filter, in their order.</param>
/// <param name="Last">The last number of the session's queue, where retained messages may have come to stand.</param>
[GenerateSerializer, Immutable, Alias("iot.SubscribeResult")]
public sealed record SubscribeResult(
    [property: Id(0)] ImmutableArray<SubscribeOutcome> Outcomes,
    [property: Id(1)] long Last);

/// <summary>A step of a message of the queue on its way to the client.</summary>
/// <param name="Number">Its number.</param>
/// <param name="IsComplete">PUBACK, PUBCOMP, or a refusal in PUBREC: it leaves the queue. Otherwise PUBREC: it is released and never sent again.</param>
[GenerateSerializer, Immutable, Alias("iot.Settlement")]
public readonly record struct Settlement([property: Id(0)] long Number, [property: Id(1)] bool IsComplete);

/// <summary>A message that stands in a session's durable queue.</summary>
/// <param name="Number">From 1, ascending, with gaps; the packet identifier is <c>(Number - 1) % 65,535 + 1</c>, before a crash and after.</param>
/// <param name="Message">What to send; null for one that is released and waits for PUBCOMP.</param>
/// <param name="Qos">How to send it.</param>
/// <param name="Retain">The RETAIN flag to send it with.</param>
/// <param name="SubscriptionIds">To send it with.</param>
[GenerateSerializer, Immutable, Alias("iot.QueuedMessage")]
public sealed record QueuedMessage(
    [property: Id(0)] long Number,
    [property: Id(1)] TelemetryMessage? Message,
    [property: Id(2)] Qos Qos,
    [property: Id(3)] bool Retain,
    [property: Id(4)] ImmutableArray<uint> SubscriptionIds);

/// <param name="Messages">In ascending order of topic.</param>
/// <param name="Next">Where the next page begins, or null at the end.</param>
[GenerateSerializer, Immutable, Alias("iot.RetainedPage")]
public sealed record RetainedPage(
    [property: Id(0)] ImmutableArray<TelemetryMessage> Messages,
    [property: Id(1)] string? Next);

/// <summary>A session as people look at it.</summary>
/// <param name="ClientId">The client identifier.</param>
/// <param name="ConnectedSince">When its connection began; null while it is away.</param>
/// <param name="IsDurable">It outlives its connection.</param>
/// <param name="Subscriptions">How many it has.</param>
/// <param name="Queued">Messages that wait in its durable queue.</param>
/// <param name="Dropped">Messages that its full queue has dropped, ever.</param>
[GenerateSerializer, Immutable, Alias("iot.SessionSnapshot")]
public sealed record SessionSnapshot(
    [property: Id(0)] string ClientId,
    [property: Id(1)] DateTimeOffset? ConnectedSince,
    [property: Id(2)] bool IsDurable,
    [property: Id(3)] int Subscriptions,
    [property: Id(4)] long Queued,
    [property: Id(5)] long Dropped);

/// <summary>
/// Somebody who speaks MQTT: a device or a user, with all connections and sessions it has. Its calls are made by the edge
/// that has the connection, as the client, except <see cref="Connect"/>.
/// </summary>
[Alias("iot.IClientGrain")]
public interface IClientGrain : IGrainWithStringKey
{
    /// <summary>
    /// Checks the credential, ends the connections that this one replaces, and opens the session; complete when what must be
    /// durable of it is. It waits its turn behind what the client publishes; of those with one client identifier that wait, the
    /// newest counts, unless its <see cref="Disconnect"/> comes first. The caller checks credentials (<see cref="Roles.SignIn"/>).
    /// A connection that goes on (<see cref="ClientConnect.Since"/>) is checked likewise, may be said again, and does not wait for
    /// <see cref="Routed"/>.
    /// </summary>
    /// <exception cref="FailureException">
    /// NotSignedIn: nobody, or not its credential; the same message for both. Forbidden: the will's topic. TooMany. Conflict: one that was
    /// to go on, and its client has connected anew, or its session is over. Unavailable: also for one that does not count.
    /// </exception>
    [AlwaysInterleave, Alias("Connect")]
    Task<SessionOpened> Connect(ClientConnect connect);

    /// <summary>Complete when every topic of the cluster knows where a connection that goes on is.</summary>
    /// <returns>The last number of its queue, which may have grown meanwhile without a word to the edge.</returns>
    [AlwaysInterleave, Alias("Routed")]
    Task<long> Routed(string connectionId);

    /// <summary>The turn of a <see cref="Connect"/>; the grain calls itself.</summary>
    [Alias("Admit")]
    Task<SessionOpened> Admit(ClientConnect connect);

    /// <summary>
    /// The connection has ended, or is not waited for any more; nothing happens if another one has taken its place.
    /// </summary>
    [AlwaysInterleave, Alias("Disconnect")]
    Task Disconnect(string connectionId, ClientDisconnect disconnect);

    /// <summary>
    /// Stores the messages, in this order within each topic, each once however often it is delivered, and sends them to whoever
    /// subscribes. Complete when everything that is not named in the result is durable and can be read; of a durable session
    /// also the packet identifiers of QoS 2.
    /// </summary>
    /// <exception cref="FailureException">NotSignedIn: this is no connection of the client's any more.</exception>
    [OnceOnly, Alias("Publish")]
    Task<PublishResult> Publish(string connectionId, ImmutableArray<TelemetryMessage> messages);

    /// <summary>The edge itself has refused messages, for what they are; they are counted, and the first is told.</summary>
    /// <param name="messages">How many.</param>
    /// <param name="topic">Where the first one wanted to go.</param>
    /// <param name="why">What the client was told of it, as a sentence.</param>
    [OneWay, AlwaysInterleave, Alias("Refused")]
    Task Refused(int messages, string topic, string why);

    /// <summary>PUBREL: forgets packet identifiers of QoS 2; complete when durable.</summary>
    [AlwaysInterleave, Alias("Release")]
    Task Release(string connectionId, ImmutableArray<ushort> packetIds);

    /// <summary>Adds or replaces subscriptions; complete when they count, and are durable if the session is.</summary>
    [AlwaysInterleave, Alias("Subscribe")]
    Task<SubscribeResult> Subscribe(string connectionId, ImmutableArray<Subscription> subscriptions);

    /// <returns>For each filter whether there was such a subscription.</returns>
    [AlwaysInterleave, Alias("Unsubscribe")]
    Task<ImmutableArray<bool>> Unsubscribe(string connectionId, ImmutableArray<string> filters);

    /// <summary>A page of the retained messages that a filter matches, without those that are denied or have expired.</summary>
    /// <param name="connectionId">Whose.</param>
    /// <param name="filter">One that the session subscribes to.</param>
    /// <param name="from">The <see cref="RetainedPage.Next"/> of the page before, or null.</param>
    [AlwaysInterleave, Alias("Retained")]
    Task<RetainedPage> Retained(string connectionId, string filter, string? from);

    /// <summary>The next messages of the session's durable queue, as many as fit a page of at most 1 MiB.</summary>
    /// <param name="connectionId">Whose.</param>
    /// <param name="after">The number behind which they begin.</param>
    /// <param name="count">1 to 1,000.</param>
    [AlwaysInterleave, Alias("Queue")]
    Task<ImmutableArray<QueuedMessage>> Queue(string connectionId, long after, int count);

    /// <summary>The client has answered; complete when durable.</summary>
    [AlwaysInterleave, Alias("Settle")]
    Task Settle(string connectionId, ImmutableArray<Settlement> settlements);

    /// <summary>A will or the end of a session is due. The caller is the system.</summary>
    [Alias("Due")]
    Task Due(string clientId);

    /// <summary>An edge has died, and with it the client's connections there. The caller is the system.</summary>
    /// <param name="edge">Its name, as <see cref="ClientConnect.EdgeName"/> gave it.</param>
    [Alias("EdgeLost")]
    Task EdgeLost(string edge);
}

/// <summary>
/// The clients of a user or a service account, keyed by <c>{tenant}/{its id}</c>: what <see cref="IDeviceGrain"/> is for
/// devices. Connect's caller is the user. What follows is said by the system, when rights have changed and that is durable.
/// </summary>
[Alias("iot.IUserClientGrain")]
public interface IUserClientGrain : IClientGrain
{
    /// <summary>Ends the connections that were made out of these sign-in sessions (<see cref="Caller.SessionId"/>).</summary>
    [Alias("SignOut")]
    Task SignOut(ImmutableArray<string> sessions);

    /// <summary>Ends every connection, and deletes every MQTT session with its queue: they rest on rights that are no more.</summary>
    [Alias("Remove")]
    Task Remove();
}

public static class ClientGrains
{
    private const string Users = "users/";

    public static IUserClientGrain UserClient(this IGrainFactory grains, string tenant, string userId) =>
        grains.GetGrain<IUserClientGrain>(new GrainKey(tenant, userId).ToString());

    /// <summary>How messages name a user that published them.</summary>
    public static string PublisherName(string userId) => Users + userId;

    /// <summary>The grain of a publisher's name, <see cref="TelemetryMessage.Device"/>, or of what a session's name begins with.</summary>
    public static IClientGrain Client(this IGrainFactory grains, string tenant, string publisher) =>
        publisher.StartsWith(Users, StringComparison.Ordinal)
            ? grains.UserClient(tenant, publisher[Users.Length..])
            : grains.Device(tenant, publisher);
}
