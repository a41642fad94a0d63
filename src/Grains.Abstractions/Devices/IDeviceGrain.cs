using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Devices;

/// <param name="Name">What people call it; up to 200 characters, may be empty.</param>
/// <param name="Publish">Topic filters it may publish to, besides what is below <c>devices/{itself}/</c>; at most 100.</param>
/// <param name="Subscribe">Topic filters it may subscribe to, likewise; at most 100. Kept for when the edge offers subscriptions.</param>
[GenerateSerializer, Immutable, Alias("iot.DeviceRegistration")]
public sealed record DeviceRegistration(
    [property: Id(0)] string Name,
    [property: Id(1)] ImmutableArray<string> Publish,
    [property: Id(2)] ImmutableArray<string> Subscribe);

/// <summary>What is known of a device now.</summary>
/// <param name="LastSeen">When it last connected or published; null if never.</param>
/// <param name="ConnectedSince">When its connection began; null while it is away.</param>
/// <param name="Readings">Readings stored for it, ever.</param>
/// <param name="Redeliveries">Redeliveries recognised since the server last woke the device's grain.</param>
/// <param name="Refusals">Messages refused since the server last woke the device's grain.</param>
[GenerateSerializer, Immutable, Alias("iot.DeviceSnapshot")]
public sealed record DeviceSnapshot(
    [property: Id(0)] string Id,
    [property: Id(1)] string Name,
    [property: Id(2)] DateTimeOffset CreatedAt,
    [property: Id(3)] ImmutableArray<string> Publish,
    [property: Id(4)] ImmutableArray<string> Subscribe,
    [property: Id(5)] DateTimeOffset? LastSeen,
    [property: Id(6)] DateTimeOffset? ConnectedSince,
    [property: Id(7)] long Readings,
    [property: Id(8)] long Redeliveries,
    [property: Id(9)] long Refusals)
{
    public bool Connected => ConnectedSince is not null;
}

/// <summary>One message of a batch that was not stored, and why.</summary>
[GenerateSerializer, Immutable, Alias("iot.PublishFailure")]
public sealed record PublishFailure(
    [property: Id(0)] int Index,
    [property: Id(1)] Failure Failure,
    [property: Id(2)] string Message);

/// <param name="Failures">In ascending order of index; every message that is not among them is stored and may be acknowledged.</param>
[GenerateSerializer, Immutable, Alias("iot.PublishResult")]
public sealed record PublishResult([property: Id(0)] ImmutableArray<PublishFailure> Failures)
{
    public static readonly PublishResult AllStored = new([]);
}

/// <summary>Why the server ends a device's connection.</summary>
public enum ConnectionEnd
{
    /// <summary>The same device connected anew (MQTT 5.0 reason code 0x8E).</summary>
    TakenOver = 1,

    /// <summary>The device was removed or its key renewed (0x87).</summary>
    CredentialRevoked,

    /// <summary>The device's grain left memory and knows the connection no longer (0x83).</summary>
    Forgotten,
}

/// <summary>The edge's end of a device's connection, for its grain to talk to.</summary>
[Alias("iot.IDeviceConnection")]
public interface IDeviceConnection : IGrainObserver
{
    [OneWay, Alias("End")]
    Task End(ConnectionEnd why);
}

/// <summary>One device, keyed by <c>{tenant}/{device id}</c>.</summary>
[Alias("iot.IDeviceGrain")]
public interface IDeviceGrain : IGrainWithStringKey
{
    /// <summary>Creates the device; complete when durable.</summary>
    /// <returns>Its key, which is stored hashed and can never be shown again.</returns>
    /// <exception cref="FailureException">Conflict: it exists. Invalid: the id, the name or a filter breaks a rule. Forbidden: not the caller's to do.</exception>
    [Alias("Register")]
    Task<string> Register(DeviceRegistration registration);

    /// <summary>Makes a new key; the old one stops working and the connection that used it ends.</summary>
    /// <exception cref="FailureException">NotFound, Forbidden.</exception>
    [Alias("RenewKey")]
    Task<string> RenewKey();

    /// <summary>Removes the device and ends its connection. Its readings stay.</summary>
    /// <exception cref="FailureException">NotFound, Forbidden.</exception>
    [Alias("Remove")]
    Task Remove();

    /// <exception cref="FailureException">NotFound, Forbidden.</exception>
    [AlwaysInterleave, Alias("Get")]
    Task<DeviceSnapshot> Get();

    /// <summary>
    /// Names the credential that works now, for a token that stands for it: another one when the key is renewed. A secret of the server's.
    /// </summary>
    /// <exception cref="FailureException">NotFound, Forbidden.</exception>
    [Alias("CredentialId")]
    Task<string> CredentialId();

    /// <summary>
    /// Checks the key and makes this the device's one connection; the one before it ends with
    /// <see cref="ConnectionEnd.TakenOver"/>. It waits its turn behind what that one publishes, so a device that connects
    /// again and again has no more under way than one connection may. The caller checks credentials (<see cref="Roles.SignIn"/>).
    /// </summary>
    /// <param name="key">What the device showed.</param>
    /// <param name="connectionId">Unique among all connections of all edges.</param>
    /// <param name="connection">Told when the server ends the connection.</param>
    /// <exception cref="FailureException">NotSignedIn: no such device or not its key; the same message for both.</exception>
    [Alias("Connect")]
    Task Connect(string key, string connectionId, IDeviceConnection connection);

    /// <summary>The connection has ended; nothing happens if another one has taken its place. The caller is the device.</summary>
    [AlwaysInterleave, Alias("Disconnect")]
    Task Disconnect(string connectionId);

    /// <summary>
    /// Stores the messages, in this order within each topic, each once however often it is delivered. Complete when
    /// everything that is not named in the result is durable and can be read. The caller is the device.
    /// </summary>
    [Alias("Publish")]
    Task<PublishResult> Publish(ImmutableArray<TelemetryMessage> messages);

    /// <summary>The edge itself has refused messages of the device, for what they are; they are counted. The caller is the device.</summary>
    [OneWay, AlwaysInterleave, Alias("Refused")]
    Task Refused(int messages);
}

public static class DeviceGrains
{
    public static IDeviceGrain Device(this IGrainFactory grains, string tenant, string device) =>
        grains.GetGrain<IDeviceGrain>(new GrainKey(tenant, device).ToString());
}
