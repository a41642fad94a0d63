using Orleans.Concurrency;

namespace OrleansIoT.Engine.Tests.Grains;

[GenerateSerializer, Immutable, Alias("test.Step")]
public sealed record Step([property: Id(0)] int Caller, [property: Id(1)] int Number);

[Alias("test.ICounterGrain")]
public interface ICounterGrain : IGrainWithStringKey
{
    /// <summary>Reads, awaits, writes: loses an update when anything else runs meanwhile.</summary>
    [Alias("AddSlowly")]
    Task AddSlowly();

    /// <returns>How often turns overlapped, how often requests did, and the count.</returns>
    [Alias("Count")]
    Task<CounterReport> Count();

    [Alias("Take")]
    Task Take(Step step);

    [Alias("Taken")]
    Task<List<Step>> Taken();
}

[GenerateSerializer, Immutable, Alias("test.CounterReport")]
public sealed record CounterReport(
    [property: Id(0)] long Count, [property: Id(1)] int OverlappingTurns, [property: Id(2)] int OverlappingRequests);

[Alias("test.IReentrantCounterGrain")]
public interface IReentrantCounterGrain : ICounterGrain;

public abstract class CounterGrainBase : Grain
{
    private readonly List<Step> _steps = [];
    private long _count;
    private int _requests;
    private int _turns;
    private int _overlappingTurns;
    private int _overlappingRequests;

    protected virtual bool LosesUpdates => true;

    public async Task AddSlowly()
    {
        if (_requests++ > 0)
        {
            _overlappingRequests++;
        }

        for (var i = 0; i < 3; i++)
        {
            Turn(() => Thread.SpinWait(20));
            await Task.Yield();
            Turn(() => Thread.SpinWait(20));
            await Task.Run(() => Thread.SpinWait(5));
        }

        if (LosesUpdates)
        {
            var count = _count;
            await Task.Yield();
            _count = count + 1;
        }
        else
        {
            _count++;
        }

        _requests--;
    }

    public Task<CounterReport> Count() => Task.FromResult(new CounterReport(_count, _overlappingTurns, _overlappingRequests));

    public Task Take(Step step)
    {
        _steps.Add(step);
        return Task.CompletedTask;
    }

    public Task<List<Step>> Taken() => Task.FromResult(_steps);

    private void Turn(Action action)
    {
        if (Interlocked.Increment(ref _turns) > 1)
        {
            Interlocked.Increment(ref _overlappingTurns);
        }

        action();
        Interlocked.Decrement(ref _turns);
    }
}

public sealed class CounterGrain : CounterGrainBase, ICounterGrain;

[Reentrant]
public sealed class ReentrantCounterGrain : CounterGrainBase, IReentrantCounterGrain
{
    protected override bool LosesUpdates => false;
}

/// <summary>Methods that say that they have begun, and wait until they may end.</summary>
[Alias("test.IGateGrain")]
public interface IGateGrain : IGrainWithStringKey
{
    [Alias("Exclusive")]
    Task Exclusive(string name);

    [AlwaysInterleave, Alias("Interleaved")]
    Task Interleaved(string name);

    [ReadOnly, Alias("Reading")]
    Task Reading(string name);

    [OneWay, Alias("Forget")]
    Task Forget(string name);

    /// <summary>Blocks its thread, which a grain never should.</summary>
    [Alias("Block")]
    Task Block(string name);

    [Alias("FailSynchronously")]
    Task FailSynchronously(string message);

    [Alias("FailLater")]
    Task<int> FailLater(string message);

    [Alias("Values")]
    ValueTask<int> Twice(int number);

    [Alias("Nothing")]
    ValueTask Nothing();

    [Alias("Same")]
    Task<string?> Same(string? text, int? number, params string[] more);
}

[Alias("test.IReentrantGateGrain")]
public interface IReentrantGateGrain : IGateGrain;

public abstract class GateGrainBase : Grain, IGateGrain
{
    private Scene Scene => Scene.Of(this.GetPrimaryKeyString());

    public Task Exclusive(string name) => Pass(name);

    public Task Interleaved(string name) => Pass(name);

    public Task Reading(string name) => Pass(name);

    public Task Forget(string name) => Pass(name);

    public Task Block(string name)
    {
        Scene.Signal("begun " + name);
        Scene.For("end " + name).GetAwaiter().GetResult();
        return Task.CompletedTask;
    }

    public Task FailSynchronously(string message) => throw new FormatException(message);

    public async Task<int> FailLater(string message)
    {
        await Task.Yield();
        throw new FormatException(message);
    }

    public ValueTask<int> Twice(int number) => new(number * 2);

    public async ValueTask Nothing() => await Task.Yield();

    public Task<string?> Same(string? text, int? number, params string[] more) =>
        Task.FromResult(text is null ? null : $"{text} {number} {string.Join(',', more)}");

    private async Task Pass(string name)
    {
        Scene.Write("begun " + name);
        Scene.Signal("begun " + name);
        await Scene.For("end " + name);
        Scene.Write("ended " + name);
        Scene.Signal("ended " + name);
    }
}

public sealed class GateGrain : GateGrainBase, IGateGrain;

[Reentrant]
public sealed class ReentrantGateGrain : GateGrainBase, IReentrantGateGrain;

[Alias("test.IWorkerGrain")]
public interface IWorkerGrain : IGrainWithStringKey
{
    [Alias("Work")]
    Task<string> Work(string name);
}

[StatelessWorker(2)]
public sealed class WorkerGrain : Grain, IWorkerGrain
{
    private readonly string _id = Guid.NewGuid().ToString();

    public async Task<string> Work(string name)
    {
        var scene = Scene.Of(this.GetPrimaryKeyString());
        scene.Signal("begun " + name);
        await scene.For("end " + name);
        return _id;
    }
}
