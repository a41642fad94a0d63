using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansIoT.Grains.Identity;

namespace OrleansIoT.Grains;

public static class GrainsSetup
{
    /// <summary>What the grains take in their constructors, and the filter that stands before all of them.</summary>
    public static IServiceCollection AddGrains(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<Passwords>();
        services.AddSingleton<IIncomingGrainCallFilter, CallerFilter>();
        return services;
    }
}
