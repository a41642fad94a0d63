using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Hosts.Orleans;

/// <summary>A cluster of real Orleans in this process.</summary>
public abstract class OrleansEngine(short silos) : Contract.Engine
{
    private readonly TestCluster _cluster = Build(silos);

    public override IGrainFactory Grains => _cluster.GrainFactory;

    public override Task CollectIdle() =>
        Grains.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero);

    public override Task InitializeAsync() => _cluster.DeployAsync();

    public override async Task DisposeAsync()
    {
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
    }

    private static TestCluster Build(short silos)
    {
        var builder = new TestClusterBuilder(silos);
        builder.AddSiloBuilderConfigurator<SiloSetup>();
        return builder.Build();
    }

    private sealed class SiloSetup : ISiloConfigurator
    {
        public void Configure(ISiloBuilder siloBuilder)
        {
            siloBuilder.AddMemoryGrainStorage("Default");
            siloBuilder.UseInMemoryReminderService();
            siloBuilder.Services.AddSingleton<IIncomingGrainCallFilter, OuterFilter>();
            siloBuilder.Services.AddSingleton<IIncomingGrainCallFilter, InnerFilter>();
        }
    }
}

public sealed class OneSilo() : OrleansEngine(1);

public sealed class ThreeSilos() : OrleansEngine(3);
