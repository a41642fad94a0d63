using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrleansIoT.Gateway.Throttling;

namespace OrleansIoT.Gateway;

/// <summary>Whether the process answers, and whether everything that it depends on does.</summary>
public static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("/health").WithTags("Health").AllowAnonymous().NotThrottled();

        health.MapGet("/live", () => new HealthAnswer("healthy", []))
            .WithName("Live")
            .WithSummary("Says that the process answers")
            .ExampleAnswer("""{"status": "healthy", "checks": []}""");

        health.MapGet("/ready", Ready)
            .WithName("Ready")
            .WithSummary("Says whether everything that the gateway depends on works")
            .Produces<HealthAnswer>()
            .Produces<HealthAnswer>(StatusCodes.Status503ServiceUnavailable)
            .ExampleAnswer("""{"status": "healthy", "checks": [{"name": "history", "status": "healthy"}]}""");
    }

    /// <summary>Names and states only: why something fails is for the log, not for everybody who can reach the port.</summary>
    private static async Task<IResult> Ready(HealthCheckService checks, CancellationToken cancellation)
    {
        var report = await checks.CheckHealthAsync(cancellation);
        return TypedResults.Json(
            new HealthAnswer(
                NameOf(report.Status),
                [.. report.Entries.Select(entry => new HealthCheckAnswer(entry.Key, NameOf(entry.Value.Status)))]),
            statusCode: report.Status == HealthStatus.Unhealthy
                ? StatusCodes.Status503ServiceUnavailable
                : StatusCodes.Status200OK);
    }

    private static string NameOf(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}

/// <param name="Status">healthy, degraded or unhealthy: the worst of the checks.</param>
/// <param name="Checks">One for each thing that the gateway depends on.</param>
internal sealed record HealthAnswer(string Status, IReadOnlyList<HealthCheckAnswer> Checks);

internal sealed record HealthCheckAnswer(string Name, string Status);
