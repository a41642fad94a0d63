using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Contract;

/// <summary>Rules 1 to 3: one turn at a time, what interleaves and what does not, and order.</summary>
public abstract class TurnContract(Engine engine)
{
    private readonly string _key = Scene.NewKey();

    private Scene Scene => Scene.Of(_key);

    [Fact]
    public async Task Thousands_of_calls_on_one_grain_lose_no_update()
    {
        var grain = engine.Grains.GetGrain<ICounterGrain>(_key);

        await Task.WhenAll(Enumerable.Range(0, 2_000).Select(_ => Task.Run(() => grain.AddSlowly())));

        Assert.Equal(new CounterReport(2_000, 0, 0), await grain.Count());
    }

    [Fact]
    public async Task Turns_of_a_reentrant_grain_never_overlap_although_its_requests_do()
    {
        var grain = engine.Grains.GetGrain<IReentrantCounterGrain>(_key);

        // A hundred at once of each caller, so that some overlap on a machine with no second core to spare.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(
            _ => Task.Run(() => Task.WhenAll(Enumerable.Range(0, 100).Select(_ => grain.AddSlowly())))));

        var report = await grain.Count();
        Assert.Equal((2_000, 0), (report.Count, report.OverlappingTurns));
        Assert.True(report.OverlappingRequests > 0);
    }

    [Fact]
    public async Task Calls_to_a_key_reach_one_activation()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(
            i => Task.Run(() => engine.Grains.GetGrain<ICounterGrain>(_key).Take(new Step(i, 0)))));

        Assert.Equal(200, (await engine.Grains.GetGrain<ICounterGrain>(_key).Taken()).Count);
    }

    /// <summary>Orleans 10.2.2 keeps the order only of calls that wait for each other; the embedded silo keeps it always.</summary>
    [Fact]
    public async Task Calls_of_one_caller_that_awaits_each_start_in_the_order_in_which_they_were_sent()
    {
        const int callers = 16;
        const int calls = 50;

        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (var number = 0; number < calls; number++)
            {
                await engine.Grains.GetGrain<ICounterGrain>(_key).Take(new Step(caller, number));
            }
        })));

        var taken = await engine.Grains.GetGrain<ICounterGrain>(_key).Taken();
        Assert.All(
            taken.GroupBy(step => step.Caller),
            steps => Assert.Equal(Enumerable.Range(0, calls), steps.Select(step => step.Number)));
    }

    [Fact]
    public async Task A_request_waits_until_the_one_before_it_has_ended()
    {
        var grain = engine.Grains.GetGrain<IGateGrain>(_key);

        var first = grain.Exclusive("first");
        await Scene.For("begun first");
        var second = grain.Exclusive("second");
        Scene.Signal("end second");
        var interleaved = grain.Interleaved("third"); // it arrives after the second and passes it
        await Scene.For("begun third");

        Assert.False(Scene.Has("begun second"));
        Scene.Signal("end first");
        Scene.Signal("end third");
        await Task.WhenAll(first, second, interleaved);
        Assert.True(Position("ended first") < Position("begun second"));
    }

    [Fact]
    public async Task Reads_run_beside_reads_and_never_beside_a_write()
    {
        var grain = engine.Grains.GetGrain<IGateGrain>(_key);

        var first = grain.Reading("read 1");
        var second = grain.Reading("read 2");
        await Task.WhenAll(Scene.For("begun read 1"), Scene.For("begun read 2"));
        var write = grain.Exclusive("write");
        var interleaved = grain.Interleaved("interleaved");
        await Scene.For("begun interleaved");

        Assert.False(Scene.Has("begun write"));
        Scene.Signal("end read 1");
        Scene.Signal("end read 2");
        await Task.WhenAll(first, second);
        await Scene.For("begun write");
        var late = grain.Reading("late");
        var probe = grain.Interleaved("probe");
        await Scene.For("begun probe");
        Assert.False(Scene.Has("begun late"));

        foreach (var name in (string[])["write", "late", "interleaved", "probe"])
        {
            Scene.Signal("end " + name);
        }

        await Task.WhenAll(write, late, interleaved, probe);
        Assert.True(Position("ended write") < Position("begun late"));
    }

    [Fact]
    public async Task Requests_of_a_reentrant_grain_interleave()
    {
        var grain = engine.Grains.GetGrain<IReentrantGateGrain>(_key);

        var first = grain.Exclusive("first");
        var second = grain.Exclusive("second");
        await Task.WhenAll(Scene.For("begun first"), Scene.For("begun second"));

        Scene.Signal("end second");
        await second;
        Assert.False(first.IsCompleted);
        Scene.Signal("end first");
        await first;
    }

    [Fact]
    public async Task A_one_way_call_is_complete_before_the_method_is()
    {
        var grain = engine.Grains.GetGrain<IGateGrain>(_key);

        await grain.Forget("it");

        Assert.False(Scene.Has("ended it"));
        Scene.Signal("end it");
        await Scene.For("ended it");
    }

    [Fact]
    public async Task A_grain_that_blocks_its_thread_blocks_nobody_else()
    {
        var blocked = engine.Grains.GetGrain<IGateGrain>(_key);
        var free = engine.Grains.GetGrain<IGateGrain>(_key + "/free");

        var call = blocked.Block("it");
        await Scene.For("begun it");
        Assert.Equal(4, await free.Twice(2));
        Assert.False(call.IsCompleted);

        Scene.Signal("end it");
        await call;
    }

    [Fact]
    public async Task A_caller_that_blocks_when_it_has_its_answer_does_not_block_the_grain()
    {
        var grain = engine.Grains.GetGrain<IGateGrain>(_key);

        // Two calls are under way. What follows the first one waits, with its thread, for the second.
        var (first, second) = (grain.Twice(1).AsTask(), grain.Twice(2).AsTask());
        var sum = await Task.Run(async () => await first + second.GetAwaiter().GetResult()).WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(6, sum);
    }

    [Fact]
    public async Task A_stateless_worker_has_as_many_activations_as_it_may_and_no_more()
    {
        var grain = engine.Grains.GetGrain<IWorkerGrain>(_key);
        var local = Enumerable.Range(0, 12).Select(i => grain.Work($"{i}")).ToList();
        await Task.WhenAny(Enumerable.Range(0, 12).Select(i => Scene.For($"begun {i}")));

        for (var i = 0; i < 12; i++)
        {
            Scene.Signal($"end {i}");
        }

        var workers = await Task.WhenAll(local);
        Assert.InRange(workers.Distinct().Count(), 1, 2 * MostSilos);
    }

    [Fact]
    public async Task Two_requests_of_a_stateless_worker_run_at_once()
    {
        var grain = engine.Grains.GetGrain<IWorkerGrain>(_key);
        var calls = Enumerable.Range(0, 2).Select(i => grain.Work($"{i}")).ToList();

        await Task.WhenAll(Scene.For("begun 0"), Scene.For("begun 1"));

        Scene.Signal("end 0");
        Scene.Signal("end 1");
        Assert.Equal(2, (await Task.WhenAll(calls)).Distinct().Count());
    }

    [Fact]
    public async Task What_a_method_throws_reaches_the_caller_with_type_and_message()
    {
        var grain = engine.Grains.GetGrain<IGateGrain>(_key);

        Assert.Equal("now", (await Assert.ThrowsAsync<FormatException>(() => grain.FailSynchronously("now"))).Message);
        Assert.Equal("later", (await Assert.ThrowsAsync<FormatException>(() => grain.FailLater("later"))).Message);
        Assert.Equal(4, await grain.Twice(2));
    }

    [Fact]
    public async Task Arguments_and_results_of_every_kind_arrive()
    {
        var grain = engine.Grains.GetGrain<IGateGrain>(_key);

        Assert.Null(await grain.Same(null, null));
        Assert.Equal("text 7 a,b", await grain.Same("text", 7, "a", "b"));
        await grain.Nothing();
    }

    [Fact]
    public async Task References_are_equal_when_they_are_to_the_same_grain_through_the_same_interface()
    {
        var grain = engine.Grains.GetGrain<IReentrantCounterGrain>(_key);

        Assert.Equal(grain, engine.Grains.GetGrain<IReentrantCounterGrain>(_key));
        Assert.NotEqual(grain, engine.Grains.GetGrain<IReentrantCounterGrain>(_key + "/other"));
        Assert.Equal(_key, grain.GetPrimaryKeyString());
        Assert.Equal("reentrantcounter/" + _key, grain.GetGrainId().ToString());
        await grain.AsReference<ICounterGrain>().Take(new Step(1, 1));
        Assert.Single(await grain.Taken());
    }

    [Fact]
    public void A_grain_without_a_class_is_refused_when_it_is_asked_for() =>
        Assert.Throws<ArgumentException>(() => engine.Grains.GetGrain<INobodysGrain>("any"));

    protected abstract int MostSilos { get; }

    private int Position(string line) => Scene.Record.ToList().IndexOf(line);
}

[Alias("test.INobodysGrain")]
public interface INobodysGrain : IGrainWithStringKey;
