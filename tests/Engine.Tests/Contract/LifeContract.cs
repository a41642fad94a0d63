using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Contract;

/// <summary>Rule 6: how activations begin and end.</summary>
public abstract class LifeContract(Engine engine)
{
    private readonly string _key = Scene.NewKey();

    private ILifeGrain Grain => engine.Grains.GetGrain<ILifeGrain>(_key);

    private Scene Scene => Scene.Of(_key);

    [Fact]
    public async Task The_first_call_activates_and_only_the_first()
    {
        var lives = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Grain.Touch()));

        Assert.Single(lives.Distinct());
        Assert.Equal(["activating", "activated"], Scene.Record);
    }

    [Fact]
    public async Task An_idle_activation_is_collected_and_the_next_call_makes_another()
    {
        var first = await Grain.Touch();

        await engine.CollectIdle();
        await Scene.For("deactivated " + first);

        Assert.NotEqual(first, await Grain.Touch());
        Assert.Equal(
            ["activating", "activated", "deactivating ActivationIdle", "deactivated", "activating", "activated"], Scene.Record);
    }

    [Fact]
    public async Task An_activation_is_never_collected_in_the_middle_of_a_request()
    {
        var bystander = engine.Grains.GetGrain<ILifeGrain>(_key + "x");
        await bystander.Touch();
        var work = Grain.Work();
        await Scene.For("working");

        await engine.CollectIdle();
        await Scene.Of(_key + "x").For("deactivated");

        Assert.Equal(["activating", "activated"], Scene.Record);
        Scene.Signal("work is done");
        var life = await work;
        await engine.CollectIdle();
        await Scene.For("deactivated " + life);
        Assert.DoesNotContain(Scene.Record, line => line.Contains("in the middle", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_delayed_activation_is_kept()
    {
        var bystander = engine.Grains.GetGrain<ILifeGrain>(_key + "x");
        await bystander.Touch();
        var life = await Grain.Touch();
        await Grain.Delay(Timeout.InfiniteTimeSpan);

        await engine.CollectIdle();
        await Scene.Of(_key + "x").For("deactivated");

        Assert.Equal(life, await Grain.Touch());
        await Grain.Delay(TimeSpan.Zero);
        await engine.CollectIdle();
        await Scene.For("deactivated " + life);
    }

    [Fact]
    public async Task A_grain_that_asks_for_its_end_gets_it()
    {
        var first = await Grain.EndSoon();
        await Scene.For("deactivated " + first);

        Assert.NotEqual(first, await Grain.Touch());
        Assert.Contains("deactivating ApplicationRequested", Scene.Record);
    }

    [Fact]
    public async Task No_call_is_lost_while_activations_end_one_after_the_other()
    {
        var numbers = await Task.WhenAll(Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            var answers = new List<int>();
            for (var i = 0; i < 50; i++)
            {
                answers.Add(await Insist(() => Grain.CountAndEnd((caller * 50) + i)));
            }

            return answers;
        })));

        Assert.Equal(Enumerable.Range(0, 400), numbers.SelectMany(answers => answers).Order());
    }

    [Fact]
    public async Task One_activation_has_ended_before_the_next_one_of_its_key_begins()
    {
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Insist(() => Grain.CountAndEnd(i))));
        await engine.CollectIdle();

        var record = Scene.Record.Where(line => line is "activating" or "deactivated").ToList();
        Assert.All(record.Index(), line => Assert.Equal(line.Index % 2 == 0 ? "activating" : "deactivated", line.Item));
    }

    [Fact]
    public async Task A_failed_activation_fails_the_calls_that_waited_and_leaves_nothing()
    {
        var grain = engine.Grains.GetGrain<IFailingGrain>(_key);

        var calls = Enumerable.Range(0, 10).Select(_ => grain.Touch()).ToList();
        foreach (var call in calls)
        {
            Assert.Contains("not today", (await Assert.ThrowsAsync<FormatException>(() => call)).Message, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("touched", Scene.Record);
        Scene.Signal("healed");
        await grain.Touch();
        Assert.Contains("touched", Scene.Record);
    }

    [Fact]
    public async Task A_failed_deactivation_ends_the_activation_all_the_same()
    {
        Scene.Signal("healed");
        var grain = engine.Grains.GetGrain<IFailingGrain>(_key);

        await grain.Touch();
        await grain.Touch();

        Assert.Equal(["activating", "touched", "activating", "touched"], Scene.Record);
    }

    /// <summary>Orleans gives up on a call that has met two ending activations, and says so; the embedded silo does not.</summary>
    protected virtual async Task<int> Insist(Func<Task<int>> call)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (OrleansMessageRejectionException)
            {
                await Task.Yield();
            }
        }
    }
}
