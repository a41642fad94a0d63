using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrleansIoT.Gateway.Tests.World;

namespace OrleansIoT.Gateway.Tests;

public sealed class HealthApiTests
{
    [Theory]
    [InlineData(HealthStatus.Healthy, 200, "healthy")]
    [InlineData(HealthStatus.Degraded, 200, "degraded")]
    [InlineData(HealthStatus.Unhealthy, 503, "unhealthy")]
    public async Task Ready_is_what_the_hosts_checks_say(HealthStatus status, int code, string name)
    {
        await using var gateway = await GatewayHost.Start(services: services => services.AddHealthChecks()
            .AddCheck("history", () => new HealthCheckResult(status, "the password of the database is wrong")));

        using var ready = await gateway.Http.GetAsync("/health/ready");
        using var live = await gateway.Http.GetAsync("/health/live");

        Assert.Equal(code, (int)ready.StatusCode);
        Assert.Equal($$"""{"status":"{{name}}","checks":[{"name":"history","status":"{{name}}"}]}""", await ready.Content.ReadAsStringAsync());
        Assert.Equal(200, (int)live.StatusCode);
    }

    [Fact]
    public async Task A_check_that_fails_by_exception_is_unhealthy_and_its_words_stay_here()
    {
        await using var gateway = await GatewayHost.Start(services: services => services.AddHealthChecks()
            .AddCheck("history", () => throw new InvalidOperationException("secret")));

        using var ready = await gateway.Http.GetAsync("/health/ready");

        Assert.Equal(503, (int)ready.StatusCode);
        Assert.DoesNotContain("secret", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
