using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansIoT.Grains.Devices;
using OrleansIoT.Grains.Identity;
using OrleansIoT.Grains.Sessions;
using OrleansIoT.Grains.Telemetry;
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
        services.AddSingleton<GrainsMetrics>();
        services.AddSingleton<Passwords>();
        services.AddSingleton<Routes>();
        services.AddSingleton<Presence>();
        services.AddSingleton<ClientSurroundings>();
        services.AddSingleton<IIncomingGrainCallFilter, CallerFilter>();
        services.AddSingleton<LiveClients>();
        services.AddSingleton<DueSessions>();
        services.AddSingleton(provider => new ThisSilo(provider.GetService<ISilos>()?.Self ?? ""));
        services.AddHostedService<SessionClock>();
        services.AddHostedService<FleetReporter>();
        services.AddSingleton<AcknowledgedReadings>();
        services.AddSingleton<AcknowledgedCheck>();
        services.AddHostedService(provider => provider.GetRequiredService<AcknowledgedCheck>());
        return services;
    }

    /// <summary>
    /// Grains of a silo that is one of several: its routes are those of all of them, and the route table lets sessions end.
    /// To be added behind <see cref="AddGrains"/>.
    /// </summary>
    /// <typeparam name="TSilos">What the engine knows of the silos.</typeparam>
    public static IServiceCollection AddRouteReplica<TSilos>(this IServiceCollection services)
        where TSilos : class, ISilos
    {
        services.Remove(services.Single(service => service.ImplementationType == typeof(SessionClock)));
        services.AddSingleton<ISilos, TSilos>();
        services.AddSingleton<RouteReplica>();
        services.AddSingleton<IIncomingGrainCallFilter, LeaseFilter>();
        return services;
    }

    /// <summary>Callers go out in envelopes that are sealed with the cluster's keys, and nobody is believed without one.</summary>
    /// <param name="services">To add to.</param>
    /// <param name="keyFile">As <see cref="ClusterKeys"/> reads it.</param>
    public static IServiceCollection AddClusterKeys(this IServiceCollection services, string keyFile) => services
        .AddSingleton(provider => ActivatorUtilities.CreateInstance<ClusterKeys>(provider, keyFile))
        .AddSingleton<IOutgoingGrainCallFilter, CallerSealer>();
}
