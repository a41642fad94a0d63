using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;
using OrleansIoT.Status;

namespace OrleansIoT.Gateway.Tests.Status;

public sealed class StatusApiTests
{
    [Fact]
    public async Task Whoever_is_signed_in_sees_every_process_and_how_it_has_been()
    {
        await using var gateway = await GatewayHost.Start(services: services => services.AddHealthChecks().AddCheck("disk", () => HealthCheckResult.Healthy()));
        var now = gateway.Clock.GetUtcNow();
        gateway.Grains.Processes.Enqueue(new ProcessReport(
            "a/1", ["silo", "edge"], "0.1.0", "embedded", "sqlite", now.AddMinutes(-2), now.AddSeconds(-3), 10, 9, 2, 1, 1_000, 12.5,
            [new ProcessSample(now.AddSeconds(-3), 1.5, 0.5, 1, 2, 3, 4)], 1883));
        Assert.Equal(
            """{"ready":true,"checks":[{"name":"disk","healthy":true}],"processes":[{"id":"a/1","roles":["silo","edge"],"version":"0.1.0","engine":"embedded","store":"sqlite","started_at":"2026-03-01T11:58:00Z","uptime_seconds":120,"reported_at":"2026-03-01T11:59:57Z","connections":4,"acknowledged":10,"stored":9,"checked":2,"missing":1,"queued":3,"memory_bytes":1000,"cpu_percent":12.5,"mqtt_port":1883,"mqtts_port":null,"samples":[{"time":"2026-03-01T11:59:57Z","readings_per_second":1.5,"append_p50_ms":0.5,"append_p95_ms":1,"append_p99_ms":2,"queued":3,"connections":4}]}]}""",
            await gateway.As(Roles.None, "other").GetStringAsync(new Uri("/status", UriKind.Relative)));
        await gateway.Http.GetAsync("/status").IsProblem(401, "not_signed_in");
    }

    [Fact]
    public async Task What_is_broken_is_named()
    {
        await using var gateway = await GatewayHost.Start(services: services => services.AddHealthChecks().AddCheck("disk", () => HealthCheckResult.Unhealthy("full")));
        var status = await gateway.As(Roles.Viewer).GetAsync("/status").Json();
        Assert.Equal((false, "disk", false), ((bool)status["ready"]!, (string)status["checks"]![0]!["name"]!, (bool)status["checks"]![0]!["healthy"]!));
    }
}
