using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Contract;

/// <summary>Rule 5: incoming filters. The engine has the outer one registered, then the inner one.</summary>
public abstract class FilterContract(Engine engine)
{
    private readonly string _key = Scene.NewKey();

    private IFilteredGrain Grain => engine.Grains.GetGrain<IFilteredGrain>(_key);

    private Scene Scene => Scene.Of(_key);

    [Fact]
    public async Task Filters_run_outermost_first_and_see_what_is_called()
    {
        Assert.Equal(7, await Grain.Answer(7));

        Assert.Equal(
            [
                $"outer {typeof(IFilteredGrain).FullName} Answer FilteredGrain filtered",
                "inner Answer",
                "the grain's own filter",
                "the grain",
                "after the grain's own filter",
                "after outer",
            ],
            Scene.Record);
    }

    [Fact]
    public async Task A_filter_that_throws_keeps_the_call_from_the_grain()
    {
        var refusal = await Assert.ThrowsAsync<UnauthorizedAccessException>(() => Grain.Refused());

        Assert.Equal("the filter's", refusal.Message);
        Assert.DoesNotContain("the grain", Scene.Record);
    }

    [Fact]
    public async Task A_filter_replaces_the_result() => Assert.Equal("not the grain's", await Grain.Replaced());

    [Fact]
    public async Task A_filter_replaces_an_exception_with_a_result() => Assert.Equal("the filter's", await Grain.Rescued());

    [Fact]
    public async Task A_filter_stands_before_timer_ticks_too()
    {
        await Grain.StartTimer();
        await Scene.For("ticked");

        Assert.Contains(Scene.Record, line => line.StartsWith("outer ", StringComparison.Ordinal)
            && line.Contains("IGrainTimerInvoker InvokeCallbackAsync", StringComparison.Ordinal));
    }
}
