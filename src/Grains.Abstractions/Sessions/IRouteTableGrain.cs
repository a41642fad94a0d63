using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansIoT.Identity;

namespace OrleansIoT.Sessions;

/// <summary>What a session subscribes to and where it is connected, for the topics on every silo. The later stamp counts.</summary>
/// <param name="Session">Its key, <c>{tenant}/{session}</c>.</param>
/// <param name="Stamp">Greater than that of everything that was said of the session before.</param>
/// <param name="Silo">Where the grain of its client is.</param>
/// <param name="IsDurable">It outlives its connection.</param>
/// <param name="Edge">Where it is connected, or null while it is away.</param>
/// <param name="ConnectionId">Its connection there.</param>
/// <param name="Denied">Topic filters of what is never delivered to it.</param>
/// <param name="Subscriptions">None: there is nothing to route to it.</param>
[GenerateSerializer, Immutable, Alias("iot.RouteEntry")]
public sealed record RouteEntry(
    [property: Id(0)] string Session,
    [property: Id(1)] long Stamp,
    [property: Id(2)] string Silo,
    [property: Id(3)] bool IsDurable,
    [property: Id(4)] IEdge? Edge,
    [property: Id(5)] string? ConnectionId,
    [property: Id(6)] ImmutableArray<string> Denied,
    [property: Id(7)] ImmutableArray<Subscription> Subscriptions);

/// <param name="Entries">The next ones.</param>
/// <param name="Next">Where the next page begins, or null at the end.</param>
[GenerateSerializer, Immutable, Alias("iot.RoutePage")]
public sealed record RoutePage(
    [property: Id(0)] ImmutableArray<RouteEntry> Entries,
    [property: Id(1)] int? Next);

/// <summary>What a silo is told each time that it says that it follows the table.</summary>
/// <param name="Epoch">Grows with each activation of the table: what the silo has to say has to be said again.</param>
/// <param name="MustRead">The silo has missed changes, and reads the whole table again.</param>
/// <param name="DeadEdges">Edges that have died within the last minute.</param>
[GenerateSerializer, Immutable, Alias("iot.RouteLease")]
public sealed record RouteLease(
    [property: Id(0)] long Epoch,
    [property: Id(1)] bool MustRead,
    [property: Id(2)] ImmutableArray<string> DeadEdges);

/// <summary>The routes of one silo, for the table to talk to.</summary>
[Alias("iot.IRouteReplica")]
public interface IRouteReplica : IGrainObserver
{
    /// <summary>Complete when the silo's topics know it.</summary>
    /// <param name="epoch">The table's; one that is over is not listened to.</param>
    /// <param name="entries">What has changed.</param>
    [Alias("Apply")]
    Task Apply(long epoch, ImmutableArray<RouteEntry> entries);
}

/// <summary>
/// Who subscribes to what in the whole cluster, and which edges there are: one grain, on the oldest silo. Every silo follows
/// it with a copy, which its topics ask, and says so twice a second; a silo that has not for as long as
/// <see cref="RouteTables.Lease"/> takes no publication until it has. So a change that is complete counts for every later publication.
/// </summary>
[Alias("iot.IRouteTableGrain")]
public interface IRouteTableGrain : IGrainWithStringKey
{
    /// <summary>A silo is here, and is told of every change from now on.</summary>
    /// <param name="silo">Its name.</param>
    /// <param name="replica">How to tell it.</param>
    /// <param name="told">The last epoch to whose table it has said everything of its own.</param>
    /// <exception cref="Failures.FailureException">Unavailable: the table is, or has to be, elsewhere; ask again.</exception>
    [AlwaysInterleave, ResponseTimeout("00:00:03"), Alias("Follow")]
    Task<RouteLease> Follow(string silo, IRouteReplica replica, long told);

    /// <summary>The silo ends, and its topics take nothing any more.</summary>
    [AlwaysInterleave, Alias("Leave")]
    Task Leave(string silo);

    /// <summary>Complete when every silo that takes publications knows it.</summary>
    /// <param name="silo">Whose copy has it already.</param>
    /// <param name="entries">What has changed there.</param>
    [AlwaysInterleave, ResponseTimeout("00:00:10"), Alias("Change")]
    Task Change(string silo, ImmutableArray<RouteEntry> entries);

    /// <summary>The table as it was when the silo began to read.</summary>
    [AlwaysInterleave, Alias("Read")]
    Task<RoutePage> Read(string silo, int from);

    /// <summary>An edge is here.</summary>
    /// <returns>The silos that there are: a connection whose client's grain was on another one has lost it.</returns>
    [AlwaysInterleave, ResponseTimeout("00:00:03"), Alias("KeepEdge")]
    Task<ImmutableArray<string>> KeepEdge(string edge);

    /// <summary>An edge has ended all its connections and goes.</summary>
    [AlwaysInterleave, Alias("LeaveEdge")]
    Task LeaveEdge(string edge);
}

public static class RouteTables
{
    /// <summary>
    /// How long a silo's copy is good after it has asked. A little longer than it answers for its grains, whose appends of before that
    /// may still be under way; no longer, because who subscribes when a silo has died waits for it.
    /// </summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(2.6);

    /// <summary>How long a silo may answer for its grains after it has asked: less than the three seconds after which one that lives may be declared dead (ADR 0029).</summary>
    public static readonly TimeSpan Hearing = TimeSpan.FromSeconds(2.2);

    /// <summary>How long an edge may be silent, and then its connections count as lost. It ends them itself when it is not heard.</summary>
    public static readonly TimeSpan EdgeLease = TimeSpan.FromSeconds(15);

    public static IRouteTableGrain RouteTable(this IGrainFactory grains) =>
        grains.GetGrain<IRouteTableGrain>(new GrainKey(GrainKey.SystemTenant, "routes").ToString());
}
