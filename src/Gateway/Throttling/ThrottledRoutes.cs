using Microsoft.AspNetCore.Builder;

namespace OrleansIoT.Gateway.Throttling;

/// <summary>What a route says about how often it may be asked; one that says nothing is limited as every other.</summary>
internal static class ThrottledRoutes
{
    /// <summary>It may be asked without a limit, and has no RateLimit headers: an orchestrator asks, whatever else is going on.</summary>
    public static TBuilder NotThrottled<TBuilder>(this TBuilder routes)
        where TBuilder : IEndpointConventionBuilder => routes.WithMetadata(new NotThrottled());

    /// <summary>
    /// Credentials are checked here: who fails ten times in a short time waits, longer each time, at most a minute.
    /// </summary>
    /// <param name="route">The route.</param>
    /// <param name="always">Every answer that had work behind it counts, as of a registration; else 401 only.</param>
    public static TBuilder LimitsSignIns<TBuilder>(this TBuilder route, bool always = false)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new LimitsSignIns(always));
}

internal sealed record NotThrottled;

internal sealed record LimitsSignIns(bool Always);
