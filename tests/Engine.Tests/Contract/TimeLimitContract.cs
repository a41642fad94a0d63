using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Contract;

/// <summary>Rule 10: a call is bounded in time, and a caller can give it up.</summary>
public abstract class TimeLimitContract(Engine engine)
{
    private readonly string _key = Scene.NewKey();

    private IBoundedGrain Grain => engine.Grains.GetGrain<IBoundedGrain>(_key);

    private Scene Scene => Scene.Of(_key);

    [Fact]
    public async Task A_call_that_is_not_answered_ends_with_a_timeout()
    {
        var timeout = await Assert.ThrowsAsync<TimeoutException>(() => Grain.Hang());

        Assert.Contains(_key, timeout.Message, StringComparison.Ordinal);
        Assert.Contains("Hang", timeout.Message, StringComparison.Ordinal);
        Scene.Signal("end");
        Assert.Equal("here", await Grain.Patient());
    }

    [Fact]
    public async Task A_grain_that_blocks_its_thread_is_timed_out_as_well()
    {
        await Assert.ThrowsAsync<TimeoutException>(() => Grain.BlockThread());

        Scene.Signal("end");
        Assert.Equal("here", await Grain.Patient());
    }

    [Fact]
    public async Task A_queued_call_whose_time_is_over_never_runs()
    {
        var running = Grain.Hang();
        await Scene.For("begun");

        await Assert.ThrowsAsync<TimeoutException>(() => Grain.Queued());

        Scene.Signal("end");
        await Assert.ThrowsAsync<TimeoutException>(() => running);
        await Grain.Patient();
        Assert.Empty(Scene.Record);
    }

    [Fact]
    public async Task Grains_that_wait_for_each_other_are_freed_by_the_timeout()
    {
        var other = engine.Grains.GetGrain<IBoundedGrain>(_key + "/other");

        await Assert.ThrowsAsync<TimeoutException>(() => Grain.CallBack(other));

        Assert.Equal("here", await Grain.Patient());
        Assert.Equal("here", await other.Patient());
    }

    [Fact]
    public async Task A_token_that_is_cancelled_already_ends_the_call()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Grain.WaitForToken("it", new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Cancelling_ends_the_call_and_reaches_the_grain()
    {
        using var cancellation = new CancellationTokenSource();
        var call = Grain.WaitForToken("it", cancellation.Token);
        await Scene.For("begun it");
        Assert.False(await Grain.TokenIsCancelled());

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Scene.For("cancelled it");
        Assert.True(await Grain.TokenIsCancelled());
    }

    [Fact]
    public async Task A_queued_call_that_is_cancelled_ends_at_once()
    {
        using var cancellation = new CancellationTokenSource();
        using var never = new CancellationTokenSource();
        var running = Grain.WaitForToken("first", never.Token);
        await Scene.For("begun first");
        var queued = Grain.WaitForToken("second", cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        Assert.False(running.IsCompleted);
        Scene.Signal("cancelled first");
        await running;
        await Grain.Patient();
    }

    [Fact]
    public async Task A_call_with_a_token_that_nobody_cancels_is_an_ordinary_call()
    {
        Scene.Signal("cancelled it");

        await Grain.WaitForToken("it", CancellationToken.None);
    }
}
