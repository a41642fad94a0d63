using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Devices;

/// <param name="Name">What people call it; up to 200 characters, may be empty.</param>
/// <param name="Publish">Topic filters it may publish to, besides what is below <c>devices/{itself}/</c>; one that begins with <c>!</c> denies, and a denial wins. At most 100.</param>
/// <param name="Subscribe">Topic filters it may subscribe to, likewise; at most 100.</param>
[GenerateSerializer, Immutable, Alias("iot.DeviceRegistration")]
public sealed record DeviceRegistration(
    [property: Id(0)] string Name,
    [property: Id(1)] ImmutableArray<string> Publish,
    [property: Id(2)] ImmutableArray<string> Subscribe);

/// <summary>What is changed of a device; null leaves a thing as it is.</summary>
[GenerateSerializer, Immutable, Alias("iot.DeviceChange")]
public sealed record DeviceChange(
    [property: Id(0)] string? Name,
    [property: Id(1)] ImmutableArray<string>? Publish,
    [property: Id(2)] ImmutableArray<string>? Subscribe);

/// <summary>What is known of a device now.</summary>
/// <param name="LastSeen">When it last connected or published; null if never.</param>
/// <param name="ConnectedSince">When its connection began; null while it is away.</param>
/// <param name="Readings">Readings stored for it, ever.</param>
/// <param name="Redeliveries">Redeliveries recognised since the server last woke the device's grain.</param>
/// <param name="Refusals">Messages and sign-ins refused since the silo has started.</param>
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
    [property: Id(9)] long Refusals,
    [property: Id(10)] ImmutableArray<SessionSnapshot> Sessions)
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

/// <summary>One device, keyed by <c>{tenant}/{device id}</c>.</summary>
[Alias("iot.IDeviceGrain")]
public interface IDeviceGrain : IClientGrain
{
    /// <summary>Creates the device; complete when durable.</summary>
    /// <returns>Its key, which is stored hashed and can never be shown again.</returns>
    /// <exception cref="FailureException">Conflict: it exists. Invalid: the id, the name or a filter breaks a rule. Forbidden: not the caller's to do.</exception>
    [Alias("Register")]
    Task<string> Register(DeviceRegistration registration);

    /// <summary>Changes the name or the rights; complete when durable. Other rights end its connections, and it connects anew with them.</summary>
    /// <exception cref="FailureException">NotFound, Invalid, Forbidden.</exception>
    [Alias("Change")]
    Task Change(DeviceChange change);

    /// <summary>Makes a new key; the old one stops working and the connection that used it ends.</summary>
    /// <exception cref="FailureException">NotFound, Forbidden.</exception>
    [Alias("RenewKey")]
    Task<string> RenewKey();

    /// <summary>Removes the device and ends its connection. Its readings stay.</summary>
    /// <exception cref="FailureException">NotFound, Forbidden.</exception>
    [Alias("Remove")]
    Task Remove();

    /// <exception cref="FailureException">NotFound, Forbidden.</exception>
    [AlwaysInterleave, ResponseTimeout("00:00:04"), Alias("Get")]
    Task<DeviceSnapshot> Get();

    /// <summary>
    /// Names the credential that works now, for a token that stands for it: another one when the key is renewed. A secret of the server's.
    /// </summary>
    /// <exception cref="FailureException">NotFound, Forbidden.</exception>
    [Alias("CredentialId")]
    Task<string> CredentialId();
}

public static class DeviceGrains
{
    public static IDeviceGrain Device(this IGrainFactory grains, string tenant, string device) =>
        grains.GetGrain<IDeviceGrain>(new GrainKey(tenant, device).ToString());
}
