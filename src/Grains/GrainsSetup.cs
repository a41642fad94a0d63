using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansIoT.Grains.Identity;
using OrleansIoT.Grains.Sessions;
using OrleansIoT.Grains.Topics;

namespace OrleansIoT.Grains;

public static class GrainsSetup
{
    /// <summary>
    /// What the grains take in their constructors, the filter that stands before all of them, and the clock that lets
    /// sessions end. To be added behind the engine and before whatever lets clients in.
    /// </summary>
    public static IServiceCollection AddGrains(this IServiceCollection services)
    {
        services.AddOptions<GrainsOptions>()
            .BindConfiguration(GrainsOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<Passwords>();
        services.AddSingleton<Routes>();
        services.AddSingleton<ClientSurroundings>();
        services.AddSingleton<IIncomingGrainCallFilter, CallerFilter>();
        services.AddHostedService<SessionClock>();
        return services;
    }
}
