using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrleansIoT.Status;

namespace OrleansIoT.Gateway.Status;

/// <summary>How the installation is: every process, and how it has been for an hour.</summary>
internal static class StatusApi
{
    private const string Example =
        """{"ready": true, "checks": [{"name": "grains", "healthy": true}], "processes": [{"id": "host-1/4711", "roles": ["silo", "gateway", "edge"], "version": "0.1.0", "engine": "embedded", "store": "sqlite", "started_at": "2026-03-01T08:00:00Z", "uptime_seconds": 900, "reported_at": "2026-03-01T08:15:00Z", "connections": 96, "acknowledged": 86400, "stored": 86400, "checked": 900, "missing": 0, "queued": 2, "memory_bytes": 183500800, "cpu_percent": 12.5, "mqtt_port": 1883, "mqtts_port": 8883, "samples": [{"time": "2026-03-01T08:15:00Z", "readings_per_second": 96.2, "append_p50_ms": 1.1, "append_p95_ms": 2.2, "append_p99_ms": 4.1, "queued": 2, "connections": 96}]}]}""";

    public static void MapStatus(this IEndpointRouteBuilder routes) => routes.MapGet("/status", Get)
        .WithTags("Health")
        .WithName("GetStatus")
        .WithSummary("Every process of the installation, and how it has been for an hour")
        .WithDescription("Processes report every ten seconds; one that is silent for a minute is not here any more. 'missing' are acknowledged readings that a sample, which is read back all the time, did not find as they were acknowledged: it is 0, or something is very wrong.")
        .ExampleAnswer(Example)
        .Fails(401, 503, 504);

    private static async Task<Ok<StatusView>> Get(IGrainFactory grains, HealthCheckService health, TimeProvider clock, CancellationToken cancellation)
    {
        var report = await health.CheckHealthAsync(cancellation);
        var processes = report.Status == HealthStatus.Unhealthy ? [] : await grains.Status().Processes();
        var now = clock.GetUtcNow();
        return TypedResults.Ok(new StatusView(
            report.Status != HealthStatus.Unhealthy,
            [.. report.Entries.Select(entry => new CheckView(entry.Key, entry.Value.Status == HealthStatus.Healthy))],
            [.. processes.Select(process => ProcessView.Of(process, now))]));
    }
}

/// <param name="Ready">As of /health/ready of the gateway that answers.</param>
internal sealed record StatusView(bool Ready, IReadOnlyList<CheckView> Checks, IReadOnlyList<ProcessView> Processes);

internal sealed record CheckView(string Name, bool Healthy);

/// <param name="Roles">silo, gateway, edge.</param>
/// <param name="Engine">embedded or orleans.</param>
/// <param name="Store">sqlite or postgres; null where the process has none.</param>
/// <param name="Connections">MQTT connections of this process.</param>
/// <param name="Acknowledged">Messages that this process has acknowledged to devices, redeliveries too.</param>
/// <param name="Stored">Readings that have become durable in this process.</param>
/// <param name="Checked">Acknowledged readings that were read back.</param>
/// <param name="Missing">Those of them that were not there as they were acknowledged.</param>
/// <param name="Queued">Writes that wait for a transaction or are in one.</param>
/// <param name="CpuPercent">Of one processor.</param>
/// <param name="MqttPort">Where devices connect to it; null where it does not listen for them.</param>
/// <param name="MqttsPort">The same over TLS.</param>
/// <param name="Samples">Every ten seconds of the last hour, ascending.</param>
internal sealed record ProcessView(
    string Id,
    IReadOnlyList<string> Roles,
    string Version,
    string Engine,
    string? Store,
    DateTime StartedAt,
    long UptimeSeconds,
    DateTime ReportedAt,
    long Connections,
    long Acknowledged,
    long Stored,
    long Checked,
    long Missing,
    long Queued,
    long MemoryBytes,
    double CpuPercent,
    int? MqttPort,
    int? MqttsPort,
    IReadOnlyList<SampleView> Samples)
{
    public static ProcessView Of(ProcessReport process, DateTimeOffset now)
    {
        var last = process.Samples.IsEmpty ? default : process.Samples[^1];
        return new ProcessView(
            process.Id,
            process.Roles,
            process.Version,
            process.Engine,
            process.Store,
            process.StartedAt.UtcDateTime,
            (long)(now - process.StartedAt).TotalSeconds,
            process.ReportedAt.UtcDateTime,
            last.Connections,
            process.Acknowledged,
            process.Stored,
            process.Checked,
            process.Missing,
            last.Queued,
            process.MemoryBytes,
            process.CpuPercent,
            process.MqttPort,
            process.MqttsPort,
            [.. process.Samples.Select(SampleView.Of)]);
    }
}

/// <param name="AppendP50Ms">Milliseconds that a write waited until it was durable, the median of those ten seconds; 0 without any.</param>
internal sealed record SampleView(
    DateTime Time, double ReadingsPerSecond, double AppendP50Ms, double AppendP95Ms, double AppendP99Ms, long Queued, long Connections)
{
    public static SampleView Of(ProcessSample sample) => new(
        sample.At.UtcDateTime, sample.ReadingsPerSecond, sample.AppendP50, sample.AppendP95, sample.AppendP99, sample.Queued, sample.Connections);
}
