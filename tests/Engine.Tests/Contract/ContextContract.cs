using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Contract;

/// <summary>Rule 4: the request context flows with the calls, and not back.</summary>
public abstract class ContextContract(Engine engine)
{
    private readonly string _key = Scene.NewKey();

    private IContextGrain Grain => engine.Grains.GetGrain<IContextGrain>(_key);

    [Fact]
    public async Task What_the_caller_sets_is_seen_by_the_grain_and_by_the_grains_that_it_calls()
    {
        RequestContext.Set("badge", new Badge("ada"));

        var seen = await Grain.See("badge", $"{_key}/2 {_key}/3");

        Assert.Equal(["ada", "ada", "ada", "ada", "ada", "ada"], seen);
    }

    [Fact]
    public async Task Nothing_is_seen_when_nothing_was_set() => Assert.Equal([null, null], await Grain.See("badge", ""));

    [Fact]
    public async Task What_a_callee_changes_does_not_flow_back()
    {
        RequestContext.Set("badge", new Badge("ada"));

        await Grain.Change("badge", "eve");

        Assert.Equal("ada", ((Badge)RequestContext.Get("badge")!).Name);
        Assert.Null(RequestContext.Get("added"));
        Assert.Equal(["badge"], await Grain.Keys());
    }

    [Fact]
    public async Task What_one_caller_sets_is_not_seen_by_the_next_one()
    {
        await Task.Run(async () =>
        {
            RequestContext.Set("badge", new Badge("ada"));
            await Grain.See("badge", "");
        });

        Assert.Equal([null, null], await Grain.See("badge", ""));
    }

    [Fact]
    public async Task Callers_at_the_same_time_see_each_their_own()
    {
        var seen = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => Task.Run(async () =>
        {
            RequestContext.Set("badge", new Badge($"{i}"));
            return (i, await Grain.See("badge", $"{_key}/next"));
        })));

        Assert.All(seen, pair => Assert.All(pair.Item2, name => Assert.Equal($"{pair.i}", name)));
    }

    [Fact]
    public async Task A_removed_value_does_not_travel()
    {
        RequestContext.Set("badge", new Badge("ada"));
        RequestContext.Set("added", new Badge("bob"));

        Assert.True(RequestContext.Remove("badge"));
        Assert.False(RequestContext.Remove("badge"));
        Assert.Equal(["added"], await Grain.Keys());
        RequestContext.Clear();
        Assert.Empty(await Grain.Keys());
    }

    [Fact]
    public async Task A_timer_does_not_act_for_whoever_called_when_it_was_registered()
    {
        RequestContext.Set("badge", new Badge("ada"));

        Assert.Null(await Grain.SeenByTimer("badge"));
    }
}
