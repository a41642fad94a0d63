using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Contract;

/// <summary>Timers, which live with the activation, and reminders, which do not.</summary>
public abstract class TimerContract(Engine engine)
{
    private readonly string _key = Scene.NewKey();

    private ITimerGrain Grain => engine.Grains.GetGrain<ITimerGrain>(_key);

    private IRemindedGrain Reminded => engine.Grains.GetGrain<IRemindedGrain>(_key);

    private Scene Scene => Scene.Of(_key);

    [Fact]
    public async Task A_timer_ticks_on_also_after_a_tick_that_failed()
    {
        await Grain.Start(interleave: false);

        await Scene.For("tick 5");

        await Grain.Stop();
        Assert.DoesNotContain("ticks overlap", Scene.Record);
    }

    [Fact]
    public async Task A_tick_waits_for_the_running_request()
    {
        await Grain.Start(interleave: false);
        await Scene.For("tick 1");
        var hold = Grain.Hold();
        await Scene.For("held");

        await engine.Grains.GetGrain<ITimerGrain>(_key + "x").Start(interleave: false);
        await Scene.Of(_key + "x").For("tick 5"); // so much time has passed that this one's would have ticked too

        Assert.False(Scene.Has("ticked while held"));
        Scene.Signal("release");
        await hold;
        await Scene.For("tick 3");
        await Grain.Stop();
    }

    [Fact]
    public async Task A_tick_that_may_interleave_does_not_wait_for_the_running_request()
    {
        await Grain.Start(interleave: true);
        var hold = Grain.Hold();
        await Scene.For("held");

        await Scene.For("ticked while held");

        Scene.Signal("release");
        await hold;
        await Grain.Stop();
    }

    [Fact]
    public async Task Disposing_a_timer_cancels_the_token_of_the_tick_that_runs()
    {
        Scene.Signal("hang ticks");
        await Grain.Start(interleave: true);
        await Scene.For("tick hangs");

        await Grain.Stop();

        await Scene.For("tick cancelled");
    }

    [Fact]
    public async Task Timers_end_with_the_activation()
    {
        await Grain.Start(interleave: false);
        await Scene.For("tick 3");

        await Grain.End();
        await Scene.For("deactivated");
        await engine.Grains.GetGrain<ITimerGrain>(_key + "x").Start(interleave: false);
        await Scene.Of(_key + "x").For("tick 5");

        Assert.DoesNotContain("ticked after the end", Scene.Record);
    }

    [Fact]
    public async Task A_reminder_wakes_its_grain_without_the_context_of_who_registered_it()
    {
        RequestContext.Set("badge", new Badge("ada"));
        await Reminded.Register("wake", TimeSpan.FromSeconds(2), TimeSpan.FromHours(1));

        await Scene.For("reminded wake");

        Assert.Equal("wake 01:00:00 False", Scene.Record[0]);
        await Reminded.Unregister("wake");
    }

    [Fact]
    public async Task Reminders_are_known_by_name_until_they_are_unregistered()
    {
        await Reminded.Register("b", TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        await Reminded.Register("a", TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        await Reminded.Register("a", TimeSpan.FromHours(2), TimeSpan.FromHours(1));

        Assert.Equal(["a", "b"], await Reminded.Names());
        await Reminded.Unregister("a");
        Assert.Equal(["b"], await Reminded.Names());
        await Reminded.Unregister("b");
        await Reminded.Unregister("b");
    }

    [Fact]
    public Task A_reminder_of_less_than_a_minute_is_refused() =>
        Assert.ThrowsAsync<ArgumentException>(
            () => Reminded.Register("often", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(59)));

    [Fact]
    public Task A_grain_that_cannot_be_reminded_cannot_register_a_reminder() =>
        Assert.ThrowsAsync<InvalidOperationException>(
            () => engine.Grains.GetGrain<IRemindedByNobodyGrain>(_key).Register());
}
