using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Hosts.Embedded;

/// <summary>Rule 7: a silo that stops.</summary>
public sealed class StopTests : IAsyncLifetime
{
    private readonly ManualClock _clock = new();
    private readonly string _key = Scene.NewKey();
    private IHost _host = null!;

    private Scene Scene => Scene.Of(_key);

    private IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public Task InitializeAsync()
    {
        _host = EmbeddedEngine.Build(_clock);
        return _host.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    [Fact]
    public async Task Running_and_waiting_calls_finish_and_then_every_activation_ends()
    {
        var work = Grains.GetGrain<ILifeGrain>(_key).Work();
        await Scene.For("working");
        var waiting = Grains.GetGrain<ILifeGrain>(_key).Touch();

        var stop = _host.StopAsync();
        Assert.False(stop.IsCompleted);
        Scene.Signal("work is done");

        Assert.Equal(await work, await waiting);
        await stop;
        Assert.Equal(["activating", "activated", "deactivating ShuttingDown", "deactivated"], Scene.Record);
    }

    [Fact]
    public async Task New_calls_from_outside_are_refused_while_it_stops_and_afterwards()
    {
        var work = Grains.GetGrain<ILifeGrain>(_key).Work();
        await Scene.For("working");
        var stop = _host.StopAsync();

        await Assert.ThrowsAsync<SiloUnavailableException>(() => Grains.GetGrain<ILifeGrain>(_key).Touch());

        Scene.Signal("work is done");
        await work;
        await stop;
        await Assert.ThrowsAsync<SiloUnavailableException>(() => Grains.GetGrain<ILifeGrain>(_key).Touch());
    }

    [Fact]
    public async Task Before_the_start_calls_are_refused()
    {
        using var host = EmbeddedEngine.Build(_clock);

        await Assert.ThrowsAsync<SiloUnavailableException>(
            () => host.Services.GetRequiredService<IGrainFactory>().GetGrain<ILifeGrain>(_key).Touch());
    }

    [Fact]
    public async Task A_running_call_may_still_call_other_grains()
    {
        var relay = Grains.GetGrain<IRelayGrain>(_key);
        var call = relay.Relay(Grains.GetGrain<ILifeGrain>(_key + "/other"));
        await Scene.For("relaying");

        var stop = _host.StopAsync();
        Scene.Signal("relay");

        Assert.StartsWith("life", await call, StringComparison.Ordinal);
        await stop;
        Assert.Contains("deactivating ShuttingDown", Scene.Record);
    }

    [Fact]
    public async Task A_call_that_does_not_finish_in_time_is_told_so()
    {
        var call = Grains.GetGrain<IGateGrain>(_key).Exclusive("it");
        await Scene.For("begun it");

        var stop = _host.StopAsync();
        _clock.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<SiloUnavailableException>(() => call);

        while (!stop.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        await stop;
        Scene.Signal("end it");
    }

    [Fact]
    public async Task Timers_do_not_tick_in_a_silo_that_has_stopped()
    {
        await Grains.GetGrain<ITimerGrain>(_key).Start(interleave: false);

        await _host.StopAsync();
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.False(Scene.Has("tick 1"));
    }
}

[Alias("test.IRelayGrain")]
public interface IRelayGrain : IGrainWithStringKey
{
    [Alias("Relay")]
    Task<string> Relay(ILifeGrain other);
}

public sealed class RelayGrain : Grain, IRelayGrain
{
    public async Task<string> Relay(ILifeGrain other)
    {
        var scene = Scene.Of(this.GetPrimaryKeyString());
        scene.Signal("relaying");
        await scene.For("relay");
        return await other.Touch();
    }
}
