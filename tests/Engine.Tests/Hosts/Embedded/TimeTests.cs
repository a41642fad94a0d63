using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansIoT.EmbeddedSilo;
using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Hosts.Embedded;

/// <summary>What happens when, on a clock that the test moves.</summary>
public sealed class TimeTests : IAsyncLifetime
{
    private readonly ManualClock _clock = new();
    private readonly MemoryReminders _reminders = new();
    private readonly string _key = Scene.NewKey();
    private IHost _host = null!;

    private Scene Scene => Scene.Of(_key);

    private IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public Task InitializeAsync() => StartSilo();

    public Task DisposeAsync() => StopSilo();

    [Fact]
    public async Task A_call_without_a_limit_of_its_own_has_thirty_seconds()
    {
        var call = Grains.GetGrain<IGateGrain>(_key).Exclusive("it");
        await Scene.For("begun it");

        _clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(call.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(2));

        var timeout = await Assert.ThrowsAsync<TimeoutException>(() => call);
        Assert.Equal($"IGateGrain.Exclusive of gate/{_key} did not answer within 00:00:30.", timeout.Message);
        Scene.Signal("end it");
    }

    [Fact]
    public async Task A_call_that_begins_while_the_sweep_comes_by_has_thirty_seconds_too()
    {
        var gate = Grains.GetGrain<IGateGrain>(_key);
        var first = gate.Exclusive("first");
        await Scene.For("begun first");
        var second = gate.Exclusive("second");

        // Between the end of the first call and the beginning of the second, when neither is to be seen.
        var sweep = first.ContinueWith(
            _ => _clock.Advance(TimeSpan.FromSeconds(1)),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        Scene.Signal("end first");
        await sweep;
        await Scene.For("begun second");
        _clock.Advance(TimeSpan.FromSeconds(31));

        var timeout = await Assert.ThrowsAsync<TimeoutException>(() => second.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.StartsWith("IGateGrain.Exclusive", timeout.Message, StringComparison.Ordinal);
        Scene.Signal("end second");
    }

    [Fact]
    public async Task A_timeout_cancels_the_token_of_the_grain()
    {
        var call = Grains.GetGrain<IBoundedGrain>(_key).WaitForToken("it", CancellationToken.None);
        await Scene.For("begun it");

        _clock.Advance(TimeSpan.FromSeconds(31));

        await Assert.ThrowsAsync<TimeoutException>(() => call);
        await Scene.For("cancelled it");
    }

    [Fact]
    public async Task Calls_that_come_after_a_long_standstill_are_not_late()
    {
        _clock.Advance(TimeSpan.FromMinutes(1));
        var call = Grains.GetGrain<IGateGrain>(_key).Exclusive("it");
        await Scene.For("begun it");

        _clock.Advance(TimeSpan.FromSeconds(29));

        Assert.False(call.IsCompleted);
        Scene.Signal("end it");
        await call;
    }

    [Fact]
    public async Task An_activation_lives_for_fifteen_minutes_after_its_last_request()
    {
        var life = await Grains.GetGrain<ILifeGrain>(_key).Touch();
        _clock.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(life, await Grains.GetGrain<ILifeGrain>(_key).Touch());
        _clock.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(life, await Grains.GetGrain<ILifeGrain>(_key).Touch());

        _clock.Advance(TimeSpan.FromMinutes(17));

        await Scene.For("deactivated " + life);
    }

    [Fact]
    public async Task The_period_of_a_timer_begins_when_the_tick_has_ended()
    {
        await Grains.GetGrain<ITimerGrain>(_key).Start(interleave: true);
        Scene.Signal("hang ticks");
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await Scene.For("tick hangs");

        _clock.Advance(TimeSpan.FromSeconds(20));

        Assert.False(Scene.Has("tick 2"));
    }

    [Fact]
    public async Task A_reminder_outlives_the_silo()
    {
        await Grains.GetGrain<IRemindedGrain>(_key).Register("wake", TimeSpan.FromHours(1), TimeSpan.FromHours(2));
        await StopSilo();
        await StartSilo();

        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.False(Scene.Has("reminded wake"));
        _clock.Advance(TimeSpan.FromMinutes(1));

        await Scene.For("reminded wake");
    }

    [Fact]
    public async Task Ticks_that_were_missed_are_made_up_for_by_one()
    {
        await Grains.GetGrain<IRemindedGrain>(_key).Register("wake", TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        await StopSilo();
        _clock.Advance(TimeSpan.FromHours(5.5));
        await StartSilo();

        _clock.Advance(TimeSpan.FromSeconds(1));
        await Scene.For("reminded wake");
        await StopSilo();

        Assert.Single(Scene.Record);
        var row = Assert.Single(_reminders.Rows);
        Assert.Equal(row.StartAt + TimeSpan.FromHours(4), row.LastTick);
    }

    [Fact]
    public async Task A_reminder_that_is_removed_stays_removed()
    {
        var grain = Grains.GetGrain<IRemindedGrain>(_key);
        await grain.Register("wake", TimeSpan.FromMinutes(1), TimeSpan.FromHours(1));
        await grain.Unregister("wake");

        _clock.Advance(TimeSpan.FromHours(3));

        Assert.Empty(_reminders.Rows);
        await StopSilo();
        Assert.Empty(Scene.Record);
    }

    [Fact]
    public async Task Without_a_store_a_reminder_is_refused()
    {
        using var host = EmbeddedEngine.Build(_clock, services =>
            services.Remove(services.Single(service => service.ServiceType == typeof(IReminderStore))));
        await host.StartAsync();
        var grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRemindedGrain>(_key);

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => grain.Register("wake", TimeSpan.FromHours(1), TimeSpan.FromHours(1)));
        await host.StopAsync();
    }

    private async Task StartSilo()
    {
        _host = EmbeddedEngine.Build(_clock, services => services.AddSingleton<IReminderStore>(_reminders));
        await _host.StartAsync();
    }

    private async Task StopSilo()
    {
        Scene.Signal("end it");
        await _host.StopAsync();
        _host.Dispose();
    }
}
