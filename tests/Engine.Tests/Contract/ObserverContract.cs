using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Contract;

/// <summary>Rule 9: observers are called in order, and one that throws or hangs hurts nobody else.</summary>
public abstract class ObserverContract(Engine engine)
{
    private readonly string _key = Scene.NewKey();

    private ISpeakerGrain Speaker => engine.Grains.GetGrain<ISpeakerGrain>(_key);

    [Fact]
    public async Task An_observer_hears_what_it_is_told_one_after_the_other_in_order()
    {
        var listener = new Listener();
        await Speaker.Add(engine.Grains.CreateObjectReference<IListener>(listener));

        for (var i = 0; i < 100; i++)
        {
            Assert.Empty(await Speaker.Ask(i));
        }

        Assert.Equal(Enumerable.Range(0, 100), listener.Heard);
    }

    /// <summary>Orleans 10.2.2 may change the order of calls that nobody awaits; the embedded silo does not.</summary>
    [Fact]
    public async Task An_observer_hears_everything()
    {
        const int numbers = 1_000;
        var listener = new Listener();
        await Speaker.Add(engine.Grains.CreateObjectReference<IListener>(listener));

        await Speaker.Tell(numbers);

        await Task.WhenAll(Enumerable.Range(0, numbers).Select(listener.HasHeard));
        AssertHeard(numbers, listener);
    }

    [Fact]
    public async Task What_an_observer_throws_reaches_the_caller_who_waits()
    {
        var (failing, listening) = (new Listener { Failure = "deaf" }, new Listener());
        await Speaker.Add(engine.Grains.CreateObjectReference<IListener>(failing));
        await Speaker.Add(engine.Grains.CreateObjectReference<IListener>(listening));

        await Speaker.Tell(10);
        Assert.Equal(["deaf"], await Speaker.Ask(10));

        await Task.WhenAll(Enumerable.Range(0, 11).Select(listening.HasHeard));
        AssertHeard(11, listening);
        GC.KeepAlive(failing);
    }

    [Fact]
    public async Task An_observer_that_hangs_hurts_nobody_else()
    {
        var (hanging, listening) = (new Listener { Waits = new TaskCompletionSource() }, new Listener());
        await Speaker.Add(engine.Grains.CreateObjectReference<IListener>(hanging));
        await Speaker.Add(engine.Grains.CreateObjectReference<IListener>(listening));

        await Speaker.Tell(100);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(listening.HasHeard));
        AssertHeard(100, listening);
        Assert.InRange(hanging.Heard.Count, 0, 99);
        hanging.Waits.SetResult();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(hanging.HasHeard));
        AssertHeard(100, hanging);
    }

    [Fact]
    public async Task Calls_on_one_observer_run_one_at_a_time()
    {
        var listener = new Listener { Yields = true };
        await Speaker.Add(engine.Grains.CreateObjectReference<IListener>(listener));

        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Speaker.Ask(i)));

        Assert.Equal(0, listener.Overlaps);
        Assert.Equal(100, listener.Heard.Count);
    }

    [Fact]
    public async Task References_to_one_observer_are_equal_and_survive_the_way()
    {
        var listener = new Listener();
        var reference = engine.Grains.CreateObjectReference<IListener>(listener);

        await Speaker.Add(reference);

        Assert.True(await Speaker.Has(reference));
        var other = new Listener();
        Assert.False(await Speaker.Has(engine.Grains.CreateObjectReference<IListener>(other)));
        GC.KeepAlive(listener);
        GC.KeepAlive(other);
    }

    [Fact]
    public async Task A_deleted_observer_hears_no_more()
    {
        var listener = new Listener();
        var reference = engine.Grains.CreateObjectReference<IListener>(listener);
        var kept = new Listener();
        await Speaker.Add(reference);
        await Speaker.Add(engine.Grains.CreateObjectReference<IListener>(kept));
        await Speaker.Tell(1);
        await listener.HasHeard(0);

        engine.Grains.DeleteObjectReference<IListener>(reference);
        await Speaker.Tell(3);
        await kept.HasHeard(2);

        Assert.Equal([0], listener.Heard);
    }

    [Fact]
    public void An_object_is_not_a_reference() =>
        Assert.ThrowsAny<ArgumentException>(() => engine.Grains.DeleteObjectReference<IListener>(new Listener()));

    protected virtual void AssertHeard(int count, Listener listener) =>
        Assert.Equal(Enumerable.Range(0, count), listener.Heard.Order());

    protected sealed class Listener : IListener
    {
        private readonly List<int> _heard = [];
        private readonly Dictionary<int, TaskCompletionSource> _awaited = [];
        private int _running;

        public string? Failure { get; init; }

        public TaskCompletionSource? Waits { get; init; }

        public bool Yields { get; init; }

        public int Overlaps { get; private set; }

        public IReadOnlyList<int> Heard
        {
            get
            {
                lock (_heard)
                {
                    return [.. _heard];
                }
            }
        }

        public async Task Hear(int number)
        {
            if (Interlocked.Increment(ref _running) > 1)
            {
                Overlaps++;
            }

            if (Yields)
            {
                await Task.Yield();
            }

            Write(number);
            await (Waits?.Task ?? Task.CompletedTask);
            Interlocked.Decrement(ref _running);
            if (Failure is not null)
            {
                throw new FormatException(Failure);
            }
        }

        public Task Overhear(int number) => Hear(number);

        public void Note(int number)
        {
            Write(number);
            if (Failure is not null)
            {
                throw new FormatException(Failure);
            }
        }

        public Task HasHeard(int number)
        {
            lock (_heard)
            {
                return Awaited(number).Task.WaitAsync(TimeSpan.FromSeconds(60));
            }
        }

        private void Write(int number)
        {
            lock (_heard)
            {
                _heard.Add(number);
                Awaited(number).TrySetResult();
            }
        }

        private TaskCompletionSource Awaited(int number)
        {
            if (!_awaited.TryGetValue(number, out var awaited))
            {
                _awaited[number] = awaited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return awaited;
        }
    }
}
