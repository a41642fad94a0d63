using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Devices;

/// <summary>Where a registered device stands.</summary>
public enum DeviceStanding
{
    Connected = 1,

    /// <summary>It has connected or published before, and is not connected.</summary>
    Away,

    /// <summary>It has neither connected nor published, ever.</summary>
    Never,
}

/// <summary>By what a list of devices is ordered.</summary>
public enum FleetOrder
{
    Id = 1,
    Name,
    LastSeen,
    Readings,
    Refusals,
}

/// <param name="Search">Part of the id or the name, ignoring case; null for all.</param>
/// <param name="Standing">Only those; null for all.</param>
/// <param name="Order">Of equal ones the id decides.</param>
/// <param name="Descending">The greatest first.</param>
/// <param name="Limit">1 to <see cref="MaxLimit"/>.</param>
/// <param name="Cursor">The <see cref="FleetPage.Next"/> of the page before, or null.</param>
[GenerateSerializer, Immutable, Alias("iot.FleetQuery")]
public sealed record FleetQuery(
    [property: Id(0)] string? Search,
    [property: Id(1)] DeviceStanding? Standing,
    [property: Id(2)] FleetOrder Order,
    [property: Id(3)] bool Descending,
    [property: Id(4)] int Limit,
    [property: Id(5)] string? Cursor)
{
    public const int MaxLimit = 1_000;
}

/// <param name="Devices">Their ids.</param>
/// <param name="Next">Where the next page begins, or null at the end.</param>
[GenerateSerializer, Immutable, Alias("iot.FleetPage")]
public sealed record FleetPage(
    [property: Id(0)] ImmutableArray<string> Devices,
    [property: Id(1)] string? Next);

/// <summary>Something of a device that was not taken.</summary>
/// <param name="Topic">Where it wanted to publish; null where it was no message, or not known.</param>
/// <param name="Detail">What the device was told, as a sentence.</param>
[GenerateSerializer, Immutable, Alias("iot.DeviceRefusal")]
public sealed record DeviceRefusal(
    [property: Id(0)] DateTimeOffset At,
    [property: Id(1)] string Device,
    [property: Id(2)] string? Topic,
    [property: Id(3)] Failure Failure,
    [property: Id(4)] string Detail);

/// <summary>Why somebody should look at a device.</summary>
public enum AttentionReason
{
    /// <summary>Messages of it were refused within the last hour.</summary>
    Refusing = 1,

    /// <summary>It has published before, and nothing for an hour.</summary>
    Silent,

    /// <summary>It was registered more than an hour ago.</summary>
    NeverConnected,
}

[GenerateSerializer, Immutable, Alias("iot.FleetAttention")]
public sealed record FleetAttention(
    [property: Id(0)] string Device,
    [property: Id(1)] string Name,
    [property: Id(2)] AttentionReason Reason,
    [property: Id(3)] DateTimeOffset? Since,
    [property: Id(4)] string Detail);

/// <summary>A tenant's registered devices at a glance, as of some seconds ago at most.</summary>
/// <param name="Readings">Stored for the tenant, ever, by whomever.</param>
/// <param name="ReadingsPerSecond">Of the last ten seconds.</param>
/// <param name="Refusals">Since the processes have started that the devices talk to.</param>
/// <param name="LatestRefusals">The newest first, at most 50.</param>
/// <param name="Attention">The most urgent first, at most 50.</param>
[GenerateSerializer, Immutable, Alias("iot.FleetSummary")]
public sealed record FleetSummary(
    [property: Id(0)] int Devices,
    [property: Id(1)] int Connected,
    [property: Id(2)] int Away,
    [property: Id(3)] int Never,
    [property: Id(4)] long Readings,
    [property: Id(5)] double ReadingsPerSecond,
    [property: Id(6)] long Refusals,
    [property: Id(7)] ImmutableArray<DeviceRefusal> LatestRefusals,
    [property: Id(8)] ImmutableArray<FleetAttention> Attention);

/// <summary>What a silo knows of a device that no store has.</summary>
/// <param name="ConnectedSince">Null while it is away.</param>
/// <param name="LastSeen">When it last connected or left.</param>
/// <param name="Refusals">Since the silo has started.</param>
[GenerateSerializer, Immutable, Alias("iot.DevicePresence")]
public sealed record DevicePresence(
    [property: Id(0)] string Device,
    [property: Id(1)] DateTimeOffset? ConnectedSince,
    [property: Id(2)] DateTimeOffset? LastSeen,
    [property: Id(3)] long Refusals,
    [property: Id(4)] DateTimeOffset? LastRefusedAt);

/// <summary>What has changed in a silo since its last report.</summary>
/// <param name="Silo">Which one; another one after a restart.</param>
/// <param name="IsComplete">All that there is, and not only what has changed.</param>
/// <param name="Readings">How many were stored here since the silo has started.</param>
[GenerateSerializer, Immutable, Alias("iot.FleetReport")]
public sealed record FleetReport(
    [property: Id(0)] Guid Silo,
    [property: Id(1)] bool IsComplete,
    [property: Id(2)] ImmutableArray<DevicePresence> Devices,
    [property: Id(3)] ImmutableArray<DeviceRefusal> Refusals,
    [property: Id(4)] long Readings);

/// <summary>
/// All devices of a tenant, keyed by <c>{tenant}/fleet</c>: an index of what the directory, the history and the silos know, in
/// memory, made anew when somebody asks and it is older than some seconds. Nothing is stored for it.
/// </summary>
[Alias("iot.IFleetGrain")]
public interface IFleetGrain : IGrainWithStringKey
{
    /// <exception cref="FailureException">Forbidden: the caller may not see devices.</exception>
    [Alias("Summary")]
    Task<FleetSummary> Summary();

    /// <exception cref="FailureException">Invalid: the limit or the cursor is senseless. Forbidden.</exception>
    [Alias("List")]
    Task<FleetPage> List(FleetQuery query);

    /// <summary>By the system, every second or so.</summary>
    /// <returns>False: this one has not heard of the silo before, and the next report is a complete one.</returns>
    [AlwaysInterleave, Alias("Report")]
    Task<bool> Report(FleetReport report);
}

public static class FleetGrains
{
    public static IFleetGrain Fleet(this IGrainFactory grains, string tenant) =>
        grains.GetGrain<IFleetGrain>(new GrainKey(tenant, "fleet").ToString());
}
