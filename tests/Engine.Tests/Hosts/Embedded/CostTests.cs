using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Hosts.Embedded;

/// <summary>Bounds on what calls and activations allocate. The goals are 150 and 500 bytes; the bounds leave room for the test's own.</summary>
[Collection(nameof(CostTests))]
public sealed class CostTests
{
    private const int Calls = 20_000;

    [Fact]
    public async Task A_call_allocates_little() =>
        Assert.InRange(await BytesPerCall(_ => { }), 100, 200);

    [Fact]
    public async Task An_incoming_filter_adds_nothing_of_its_own()
    {
        var without = await BytesPerCall(_ => { });

        var with = await BytesPerCall(services => services.AddSingleton<IIncomingGrainCallFilter, PassingFilter>());

        Assert.InRange(with, 0, without + 20);
    }

    [Fact]
    public async Task An_idle_activation_takes_little_memory()
    {
        const int activations = 50_000;
        await using var silo = await Silo.Start(_ => { });
        await silo.Grain("warm").Take(new Step(0, 0));
        var before = GC.GetTotalMemory(forceFullCollection: true);

        for (var i = 0; i < activations; i++)
        {
            await silo.Grains.GetGrain<ISmallGrain>($"small-{i}").Set(i);
        }

        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / activations;
        Assert.InRange(bytes, 100, 600);
    }

    private static async Task<long> BytesPerCall(Action<IServiceCollection> services)
    {
        await using var silo = await Silo.Start(services);
        var grain = silo.Grains.GetGrain<ISmallGrain>("one");
        await Run();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await Run();
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / Calls;

        async Task Run()
        {
            for (var i = 0; i < Calls; i++)
            {
                await grain.Set(i);
            }
        }
    }

    private sealed class PassingFilter : IIncomingGrainCallFilter
    {
        public Task Invoke(IIncomingGrainCallContext context) => context.Invoke();
    }

    private sealed class Silo(IHost host) : IAsyncDisposable
    {
        public IGrainFactory Grains { get; } = host.Services.GetRequiredService<IGrainFactory>();

        public static async Task<Silo> Start(Action<IServiceCollection> services)
        {
            var host = EmbeddedEngine.Build(TimeProvider.System, services);
            await host.StartAsync();
            return new Silo(host);
        }

        public ICounterGrain Grain(string key) => Grains.GetGrain<ICounterGrain>(key);

        public async ValueTask DisposeAsync()
        {
            await host.StopAsync();
            host.Dispose();
        }
    }
}

/// <summary>What others allocate meanwhile would be counted too.</summary>
[CollectionDefinition(nameof(CostTests), DisableParallelization = true)]
public sealed class CostTestsRunAlone;

[Alias("test.ISmallGrain")]
public interface ISmallGrain : IGrainWithStringKey
{
    [Alias("Set")]
    Task Set(long value);
}

public sealed class SmallGrain : Grain, ISmallGrain
{
    private long _value;
    private long _sum;

    public Task Set(long value)
    {
        _value = value;
        _sum += value;
        return Task.CompletedTask;
    }

    public override string ToString() => $"{_value} of {_sum}";
}
