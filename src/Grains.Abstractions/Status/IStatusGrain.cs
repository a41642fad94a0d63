using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansIoT.Identity;

namespace OrleansIoT.Status;

/// <summary>A process over some seconds.</summary>
/// <param name="At">Their end.</param>
/// <param name="ReadingsPerSecond">Stored here.</param>
/// <param name="AppendP50">Milliseconds from a write's being queued to its being durable, the median; 0 without any.</param>
/// <param name="AppendP95">Of 95 in 100.</param>
/// <param name="AppendP99">Of 99 in 100.</param>
/// <param name="Queued">Writes that wait for a transaction or are in one.</param>
/// <param name="Connections">MQTT connections.</param>
[GenerateSerializer, Immutable, Alias("iot.ProcessSample")]
public readonly record struct ProcessSample(
    [property: Id(0)] DateTimeOffset At,
    [property: Id(1)] double ReadingsPerSecond,
    [property: Id(2)] double AppendP50,
    [property: Id(3)] double AppendP95,
    [property: Id(4)] double AppendP99,
    [property: Id(5)] long Queued,
    [property: Id(6)] long Connections);

/// <summary>What a process says of itself.</summary>
/// <param name="Id">Another one after a restart.</param>
/// <param name="Roles">silo, gateway, edge.</param>
/// <param name="Engine">embedded or orleans.</param>
/// <param name="Store">sqlite or postgres; null in a process that has none.</param>
/// <param name="Acknowledged">Messages that were acknowledged to devices here, redeliveries too.</param>
/// <param name="Stored">Readings that became durable here.</param>
/// <param name="Checked">Acknowledged readings that were read back.</param>
/// <param name="Missing">Those of them that were not there as they were acknowledged.</param>
/// <param name="MemoryBytes">Resident.</param>
/// <param name="CpuPercent">Of one processor.</param>
/// <param name="Samples">Every ten seconds of the last hour.</param>
/// <param name="MqttPort">Where devices connect; null in a process that does not listen for them.</param>
/// <param name="MqttsPort">The same over TLS.</param>
[GenerateSerializer, Immutable, Alias("iot.ProcessReport")]
public sealed record ProcessReport(
    [property: Id(0)] string Id,
    [property: Id(1)] ImmutableArray<string> Roles,
    [property: Id(2)] string Version,
    [property: Id(3)] string Engine,
    [property: Id(4)] string? Store,
    [property: Id(5)] DateTimeOffset StartedAt,
    [property: Id(6)] DateTimeOffset ReportedAt,
    [property: Id(7)] long Acknowledged,
    [property: Id(8)] long Stored,
    [property: Id(9)] long Checked,
    [property: Id(10)] long Missing,
    [property: Id(11)] long MemoryBytes,
    [property: Id(12)] double CpuPercent,
    [property: Id(13)] ImmutableArray<ProcessSample> Samples,
    [property: Id(14)] int? MqttPort = null,
    [property: Id(15)] int? MqttsPort = null);

/// <summary>What the processes of the installation have last said of themselves, in memory: whoever is silent for a minute is gone.</summary>
[Alias("iot.IStatusGrain")]
public interface IStatusGrain : IGrainWithStringKey
{
    /// <summary>By the system, every ten seconds. Each report has everything, so that this may forget.</summary>
    [Alias("Report")]
    Task Report(ProcessReport report);

    /// <summary>For everybody who is signed in.</summary>
    [AlwaysInterleave, Alias("Processes")]
    Task<ImmutableArray<ProcessReport>> Processes();
}

public static class StatusGrains
{
    public static IStatusGrain Status(this IGrainFactory grains) =>
        grains.GetGrain<IStatusGrain>(new GrainKey(GrainKey.SystemTenant, "status").ToString());
}
