using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using OrleansIoT.EmbeddedSilo;
using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Hosts.Embedded;

/// <summary>The embedded silo on the system's clock, which the test can put forward.</summary>
public class EmbeddedEngine : Contract.Engine
{
    private readonly ForwardClock _clock = new();
    private IHost? _host;

    public override IGrainFactory Grains => _host!.Services.GetRequiredService<IGrainFactory>();

    public override Task CollectIdle()
    {
        _clock.Forward(TimeSpan.FromHours(1));
        return Task.CompletedTask;
    }

    public override async Task InitializeAsync()
    {
        _host = Build(_clock, services => AddFilters(services), options =>
        {
            options.CollectionQuantum = TimeSpan.FromMilliseconds(100);
            options.ResponseTimeout = TimeSpan.FromDays(1); // of a clock that is put forward
        });
        await _host.StartAsync();
    }

    public override async Task DisposeAsync()
    {
        await _host!.StopAsync();
        _host.Dispose();
    }

    /// <summary>A silo with the grains of the tests and stores that forget.</summary>
    internal static IHost Build(
        TimeProvider clock, Action<IServiceCollection>? services = null, Action<EmbeddedSiloOptions>? options = null)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(clock);
        builder.Services.AddKeyedSingleton<IGrainStorage, MemoryStorage>("Default");
        builder.Services.AddSingleton<IReminderStore, MemoryReminders>();
        builder.Services.AddEmbeddedSilo(silo => silo
            .AddGrains(typeof(CounterGrain).Assembly)
            .Configure(options ?? (_ => { })));
        services?.Invoke(builder.Services);
        return builder.Build();
    }

    protected virtual void AddFilters(IServiceCollection services)
    {
    }

    private sealed class ForwardClock : TimeProvider
    {
        private long _ahead;

        public void Forward(TimeSpan time) => Interlocked.Add(ref _ahead, time.Ticks);

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Volatile.Read(ref _ahead));

        public override long GetTimestamp() =>
            base.GetTimestamp() + (long)(Volatile.Read(ref _ahead) * ((double)TimestampFrequency / TimeSpan.TicksPerSecond));
    }
}

/// <summary>The same with two filters.</summary>
public sealed class FilteredEmbeddedEngine : EmbeddedEngine
{
    protected override void AddFilters(IServiceCollection services) => services
        .AddSingleton<IIncomingGrainCallFilter, OuterFilter>()
        .AddSingleton<IIncomingGrainCallFilter, InnerFilter>();
}
