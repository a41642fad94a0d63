using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrleansIoT.Identity;

namespace OrleansIoT.Silo;

/// <summary>
/// Ready means that a request which comes now would be served: grains answer, the store behind them does, and nobody has
/// asked the process to end.
/// </summary>
public sealed class GrainsAnswer(IGrainFactory grains, IHostApplicationLifetime lifetime) : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy("The process is ending.");
        }

        Caller.System(GrainKey.DefaultTenant, "health").Enter();
        await grains.Devices(GrainKey.DefaultTenant).List(null, 1, null).WaitAsync(Patience, cancellationToken);
        return HealthCheckResult.Healthy();
    }
}

public static class HealthSetup
{
    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddHealthChecks().AddCheck<GrainsAnswer>("grains");
        return services;
    }
}
