using System.Collections.Immutable;
using System.Text;
using Microsoft.AspNetCore.Builder;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Tests;

/// <summary>Grains on their real engine and their real store, and somebody to call them as.</summary>
public abstract class GrainTest : IAsyncLifetime
{
    protected const string Tenant = GrainKey.DefaultTenant;

    protected static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    protected IotHost Host { get; private set; } = null!;

    protected IGrainFactory Grains => Host.Grains;

    public virtual async Task InitializeAsync() => Host = await IotHost.Start("silo", Configure);

    /// <summary>What a test replaces in the host.</summary>
    protected virtual void Configure(WebApplicationBuilder builder)
    {
    }


    public async Task DisposeAsync() => await Host.DisposeAsync();

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
    protected Task<string> Register(string device, params string[] publish) => As(
        User(Roles.Operator),
        () => Grains.Device(Tenant, device).Register(new DeviceRegistration(device, [.. publish], [])));

    protected Task<PublishResult> Publish(string device, params TelemetryMessage[] messages) => As(
        Caller.Device(Tenant, device),
        () => Grains.Device(Tenant, device).Publish(messages.ToImmutableArray()));

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

    /// <summary>A reading whose time is its arrival.</summary>
    protected static TelemetryMessage Untimed(string device, int minute, string payload, ushort packetId, bool dup = false) =>
        Timed(device, minute, payload, packetId: packetId, dup: dup) with { HasOwnTime = false };

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
