using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Hosts.Embedded;

/// <summary>What only the embedded silo promises, or can be seen only there.</summary>
public sealed class EmbeddedOnlyTests(EmbeddedEngine engine) : IClassFixture<EmbeddedEngine>
{
    private readonly string _key = Scene.NewKey();

    [Fact]
    public async Task Calls_of_one_caller_start_in_the_order_in_which_they_were_sent()
    {
        const int callers = 16;
        const int calls = 200;
        var grain = engine.Grains.GetGrain<ICounterGrain>(_key);
        await grain.Count();

        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var own = engine.Grains.GetGrain<ICounterGrain>(_key);
            await Task.WhenAll(Enumerable.Range(0, calls).Select(number => own.Take(new Step(caller, number))));
        })));

        var taken = await grain.Taken();
        Assert.Equal(callers * calls, taken.Count);
        Assert.All(
            taken.GroupBy(step => step.Caller),
            steps => Assert.Equal(Enumerable.Range(0, calls), steps.Select(step => step.Number)));
    }

    [Fact]
    public async Task A_queued_call_that_is_cancelled_ends_at_once_and_never_runs()
    {
        using var cancellation = new CancellationTokenSource();
        using var never = new CancellationTokenSource();
        var grain = engine.Grains.GetGrain<IBoundedGrain>(_key);
        var running = grain.WaitForToken("first", never.Token);
        await Scene.Of(_key).For("begun first");
        var queued = grain.WaitForToken("second", cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        Assert.False(running.IsCompleted);
        Scene.Of(_key).Signal("cancelled first");
        await running;
        await grain.Patient();
        Assert.DoesNotContain("begun second", Scene.Of(_key).Record);
    }

    [Fact]
    public async Task A_call_to_a_deleted_observer_fails_at_once()
    {
        var listener = new Echo();
        var reference = engine.Grains.CreateObjectReference<IEcho>(listener);
        Assert.Equal(7, await reference.Say(7));

        engine.Grains.DeleteObjectReference<IEcho>(reference);

        var failure = await Assert.ThrowsAsync<OrleansException>(() => reference.Say(8));
        Assert.Contains("deleted", failure.Message, StringComparison.Ordinal);
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task Outgoing_filters_stand_on_the_side_of_the_caller()
    {
        using var host = EmbeddedEngine.Build(
            TimeProvider.System, services => services.AddSingleton<IOutgoingGrainCallFilter, OutgoingFilter>());
        await host.StartAsync();
        var grains = host.Services.GetRequiredService<IGrainFactory>();

        Assert.Equal("hello!", await grains.GetGrain<IOutgoingGrain>(_key).Echo("hello"));

        Assert.Equal(["outgoing"], Scene.Of(_key).Record);
        await Assert.ThrowsAsync<FormatException>(() => grains.GetGrain<IGateGrain>(_key).FailSynchronously("now"));
        await host.StopAsync();
    }

    [Fact]
    public async Task A_constructor_that_throws_fails_the_call_and_leaves_nothing()
    {
        var grain = engine.Grains.GetGrain<IUnbuildableGrain>(_key);

        var first = await Assert.ThrowsAsync<FormatException>(() => grain.Touch());
        var second = await Assert.ThrowsAsync<FormatException>(() => grain.Touch());

        Assert.NotSame(first, second);
    }

    [Fact]
    public Task A_continuation_may_block_its_thread_without_holding_the_grain() =>
        Task.Run(() => CallAndBlock(engine.Grains.GetGrain<IGateGrain>(_key))).WaitAsync(TimeSpan.FromSeconds(60));

    [Fact]
    public void Two_silos_in_one_process_know_nothing_of_each_other()
    {
        using var other = EmbeddedEngine.Build(TimeProvider.System);

        Assert.NotEqual(
            engine.Grains.GetGrain<IGateGrain>(_key),
            other.Services.GetRequiredService<IGrainFactory>().GetGrain<IGateGrain>(_key));
    }

    private static async Task CallAndBlock(IGateGrain grain)
    {
        for (var i = 0; i < 1_000; i++)
        {
            // What follows runs where the call has ended, and waits for the same grain.
            await grain.Twice(1);
            Assert.Equal(4, grain.Twice(2).AsTask().GetAwaiter().GetResult());
        }
    }

    private sealed class Echo : IEcho
    {
        public Task<int> Say(int number) => Task.FromResult(number);
    }
}

[Alias("test.IEcho")]
public interface IEcho : IGrainObserver
{
    [Alias("Say")]
    Task<int> Say(int number);
}

[Alias("test.IUnbuildableGrain")]
public interface IUnbuildableGrain : IGrainWithStringKey
{
    [Alias("Touch")]
    Task Touch();
}

public sealed class UnbuildableGrain : Grain, IUnbuildableGrain
{
    public UnbuildableGrain() => throw new FormatException("never");

    public Task Touch() => Task.CompletedTask;
}
