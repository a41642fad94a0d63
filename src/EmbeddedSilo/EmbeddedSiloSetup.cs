using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using OrleansIoT.EmbeddedSilo.Engine;

namespace OrleansIoT.EmbeddedSilo;

/// <summary>What a silo is made of.</summary>
public sealed class EmbeddedSiloBuilder
{
    private readonly HashSet<Assembly> _assemblies = [];

    internal EmbeddedSiloBuilder(IServiceCollection services) => Services = services;

    public IServiceCollection Services { get; }

    internal IReadOnlyCollection<Assembly> Assemblies => _assemblies;

    /// <summary>The silo runs the grain classes of the assembly.</summary>
    public EmbeddedSiloBuilder AddGrains(Assembly assembly)
    {
        _assemblies.Add(assembly);
        return this;
    }

    public EmbeddedSiloBuilder Configure(Action<EmbeddedSiloOptions> configure)
    {
        Services.Configure(configure);
        return this;
    }
}

public static class EmbeddedSiloSetup
{
    /// <summary>
    /// Runs grains in this process: a hosted service that drains when it stops, and <see cref="IGrainFactory"/> and
    /// <see cref="IClusterClient"/> for everybody else. From the container it takes what implements
    /// <see cref="IIncomingGrainCallFilter"/> and <see cref="IOutgoingGrainCallFilter"/>, the keyed
    /// <see cref="Orleans.Storage.IGrainStorage"/>, the <see cref="IReminderStore"/> and the <see cref="TimeProvider"/>.
    /// </summary>
    public static IServiceCollection AddEmbeddedSilo(this IServiceCollection services, Action<EmbeddedSiloBuilder> configure)
    {
        var builder = new EmbeddedSiloBuilder(services);
        configure(builder);
        services.AddSingleton(new GrainAssemblies(builder.Assemblies));
        services.AddOptions<EmbeddedSiloOptions>()
            .Validate(
                options => options.ResponseTimeout > TimeSpan.Zero
                    && options.CollectionAge > TimeSpan.Zero
                    && options.CollectionQuantum > TimeSpan.Zero
                    && options.DeactivationLimit > TimeSpan.Zero
                    && options.DrainLimit > TimeSpan.Zero
                    && options.MinimumReminderPeriod > TimeSpan.Zero
                    && options.MaxStatelessWorkers > 0,
                "Times and numbers of the embedded silo are greater than zero.")
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<Silo>();
        services.AddSingleton<IClusterClient>(provider => provider.GetRequiredService<Silo>());
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<Silo>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<Silo>());
        return services;
    }
}
