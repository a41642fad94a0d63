using System.Collections.Immutable;
using System.Text;
using Microsoft.AspNetCore.Builder;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Tests;

/// <summary>Grains on their real engine and their real store, and somebody to call them as.</summary>
public abstract class GrainTest : IAsyncLifetime
{
    protected const string Tenant = GrainKey.DefaultTenant;

    private readonly Dictionary<(IServiceProvider Host, string Device), Task<EdgeClient>> _clients = [];

    protected static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    protected IotHost Host { get; private set; } = null!;

    protected IGrainFactory Grains => Host.Grains;

    /// <summary>The keys of the devices that this test has registered.</summary>
    protected Dictionary<string, string> Keys { get; } = [];

    public virtual async Task InitializeAsync() => Host = await IotHost.Start("silo", Configure);

    /// <summary>What a test replaces in the host.</summary>
    protected virtual void Configure(WebApplicationBuilder builder)
    {
    }

    public virtual async Task DisposeAsync() => await Host.DisposeAsync();

    protected static Caller User(Roles roles, string tenant = Tenant, string id = "somebody") =>
        new(tenant, id, CallerKind.User, roles, null, DateTimeOffset.MaxValue);

    /// <summary>Runs the calls as this caller.</summary>
    protected static async Task<T> As<T>(Caller caller, Func<Task<T>> calls)
    {
        caller.Enter();
        return await calls();
    }

    protected static async Task As(Caller caller, Func<Task> calls)
    {
        caller.Enter();
        await calls();
    }

    protected static async Task<FailureException> Refused(Failure failure, Func<Task> calls)
    {
        var refusal = await Assert.ThrowsAsync<FailureException>(calls);
        Assert.Equal(failure, refusal.Failure);
        return refusal;
    }

    /// <returns>The device's key.</returns>
    protected Task<string> Register(string device, params string[] publish) => Register(device, publish, []);

    protected async Task<string> Register(string device, string[] publish, string[] subscribe) => Keys[device] = await As(
        User(Roles.Operator),
        () => Grains.Device(Tenant, device).Register(new DeviceRegistration(device, [.. publish], [.. subscribe])));

    protected Task<DeviceSnapshot> Get(string device) => As(User(Roles.Viewer), () => Grains.Device(Tenant, device).Get());

    /// <summary>Connects a registered device with its key; its id is the client identifier unless there is another one.</summary>
    protected Task<EdgeClient> Connect(
        string device, string? clientId = null, bool cleanStart = false, uint expiry = 0, Will? will = null) =>
        Connect(device, new Credential(CredentialKind.Key, Keys[device], []), clientId, cleanStart, expiry, will);

    protected Task<EdgeClient> Connect(
        string device,
        Credential credential,
        string? clientId = null,
        bool cleanStart = false,
        uint expiry = 0,
        Will? will = null,
        EdgeConduct conduct = EdgeConduct.Good)
    {
        var client = new EdgeClient(Host.Grains, Grains.Device(Tenant, device), Caller.Device(Tenant, device)) { Conduct = conduct };
        var connect = client.Connect(Caller.SigningIn(Tenant, "edge"), credential, clientId ?? device, cleanStart, expiry, will);
        return _clients[(Host.Services, device)] = connect;
    }

    /// <summary>A durable session: it goes on without its connection.</summary>
    protected Task<EdgeClient> ConnectDurably(string device, string? clientId = null, Will? will = null) =>
        Connect(device, clientId, expiry: 3_600, will: will);

    /// <summary>Connects a user, whose token is the caller.</summary>
    protected Task<EdgeClient> ConnectUser(
        string id, Roles roles, string clientId = "web", uint expiry = 0, Will? will = null) =>
        ConnectUser(User(roles, id: id), clientId, expiry, will);

    /// <summary>Likewise, as the token has it.</summary>
    protected Task<EdgeClient> ConnectUser(Caller caller, string clientId = "web", uint expiry = 0, Will? will = null)
    {
        var client = new EdgeClient(Host.Grains, Grains.UserClient(caller.Tenant, caller.Subject), caller);
        return client.Connect(caller, new Credential(CredentialKind.Token, null, []), clientId, false, expiry, will);
    }

    /// <summary>Publishes over the connection that the device has, or a new one.</summary>
    protected async Task<PublishResult> Publish(string device, params TelemetryMessage[] messages)
    {
        if (!_clients.TryGetValue((Host.Services, device), out var client) || client.IsFaulted || (await client).HasEnded)
        {
            client = Connect(device);
        }

        return await (await client).Publish(messages);
    }

    /// <summary>A message that somebody subscribes to.</summary>
    protected static TelemetryMessage Said(
        string publisher, string topic, string payload, Qos qos = Qos.AtLeastOnce, bool retain = false, ushort packetId = 1) =>
        Timed(publisher, 0, payload, topic, qos == Qos.AtMostOnce ? (ushort)0 : packetId) with
        {
            HasOwnTime = false,
            Qos = qos,
            Retain = retain,
        };

    /// <summary>A reading with its own time, in minutes after noon.</summary>
    protected static TelemetryMessage Timed(
        string device, int minute, string payload = "1", string? topic = null, ushort packetId = 1, bool dup = false) => new()
        {
            Topic = topic ?? $"devices/{device}/t",
            Device = device,
            Payload = Encoding.UTF8.GetBytes(payload),
            At = Noon.AddMinutes(minute),
            ReceivedAt = Noon.AddDays(1),
            HasOwnTime = true,
            PacketId = packetId,
            Dup = dup,
        };

    /// <summary>A reading whose time is its arrival, in minutes after noon.</summary>
    protected static TelemetryMessage Untimed(string device, int minute, string payload, ushort packetId, bool dup = false) =>
        Timed(device, minute, payload, packetId: packetId, dup: dup) with { HasOwnTime = false, ReceivedAt = Noon.AddMinutes(minute) };

    protected async Task<ImmutableArray<TelemetryMessage>> Stored(string topic)
    {
        var query = new TelemetryQuery(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, TelemetryQuery.MaxLimit);
        var page = await As(User(Roles.Viewer), () => Grains.Topic(Tenant, topic).Read(query));
        return page?.Messages ?? [];
    }

    protected Task<TelemetryMessage?> Latest(string topic) =>
        As(User(Roles.Viewer), () => Grains.Topic(Tenant, topic).Latest());

    protected static string Text(TelemetryMessage message) => Encoding.UTF8.GetString(message.Payload.Span);
}
