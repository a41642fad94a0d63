using Orleans.Concurrency;

namespace OrleansIoT.Engine.Tests.Grains;

[GenerateSerializer, Immutable, Alias("test.Badge")]
public sealed record Badge([property: Id(0)] string Name);

[Alias("test.IContextGrain")]
public interface IContextGrain : IGrainWithStringKey
{
    /// <returns>What the grain finds under the key, at first, after an await, and after the next grains of the path.</returns>
    [Alias("See")]
    Task<List<string?>> See(string key, string path);

    /// <summary>Changes the value on the grain's side, and adds another.</summary>
    [Alias("Change")]
    Task Change(string key, string value);

    [Alias("SeenByTimer")]
    Task<string?> SeenByTimer(string key);

    /// <returns>The keys of the values that came with the call, without the engine's own.</returns>
    [Alias("Keys")]
    Task<List<string>> Keys();
}

public sealed class ContextGrain : Grain, IContextGrain
{
    public async Task<List<string?>> See(string key, string path)
    {
        var first = (RequestContext.Get(key) as Badge)?.Name;
        await Task.Yield();
        List<string?> seen = [first, (RequestContext.Get(key) as Badge)?.Name];
        if (path.Split(' ', 2) is [var next, .. var rest] && next is not "")
        {
            seen.AddRange(await GrainFactory.GetGrain<IContextGrain>(next).See(key, rest is [var more] ? more : ""));
        }

        return seen;
    }

    public async Task Change(string key, string value)
    {
        RequestContext.Set(key, new Badge(value));
        RequestContext.Set("added", new Badge(value));
        await Task.Yield();
        RequestContext.Set(key, new Badge(value));
    }

    public async Task<string?> SeenByTimer(string key)
    {
        var seen = new TaskCompletionSource<string?>();
        using var timer = this.RegisterGrainTimer(
            _ =>
            {
                seen.SetResult((RequestContext.Get(key) as Badge)?.Name);
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan) { Interleave = true });
        return await seen.Task;
    }

    public Task<List<string>> Keys() =>
        Task.FromResult(RequestContext.Keys.Where(key => key is "badge" or "added").Order().ToList());
}

[Alias("test.IFilteredGrain")]
public interface IFilteredGrain : IGrainWithStringKey
{
    [Alias("Answer")]
    Task<int> Answer(int number);

    [Alias("Refused")]
    Task Refused();

    [Alias("Replaced")]
    Task<string> Replaced();

    [Alias("Rescued")]
    Task<string> Rescued();

    [Alias("Tick")]
    Task StartTimer();
}

public sealed class FilteredGrain : Grain, IFilteredGrain, IIncomingGrainCallFilter
{
    private Scene Scene => Scene.Of(this.GetPrimaryKeyString());

    public Task<int> Answer(int number)
    {
        Scene.Write("the grain");
        return Task.FromResult(number);
    }

    public Task Refused()
    {
        Scene.Write("the grain");
        return Task.CompletedTask;
    }

    public Task<string> Replaced() => Task.FromResult("the grain's");

    public Task<string> Rescued() => throw new FormatException("the grain's");

    public Task StartTimer()
    {
        this.RegisterGrainTimer(
            _ =>
            {
                Scene.Signal("ticked");
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
        return Task.CompletedTask;
    }

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        Scene.Write("the grain's own filter");
        await context.Invoke();
        Scene.Write("after the grain's own filter");
    }
}

/// <summary>The outermost filter; it minds only grains whose key is a scene's and whose class is the filtered one.</summary>
public sealed class OuterFilter : IIncomingGrainCallFilter
{
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.Grain is not FilteredGrain grain)
        {
            await context.Invoke();
            return;
        }

        var scene = Scene.Of(grain.GetPrimaryKeyString());
        scene.Write($"outer {context.InterfaceName} {context.MethodName} {context.ImplementationMethod.DeclaringType?.Name} {context.TargetId.Type}");
        switch (context.MethodName)
        {
            case nameof(IFilteredGrain.Refused):
                throw new UnauthorizedAccessException("the filter's");
            case nameof(IFilteredGrain.Replaced):
                await context.Invoke();
                context.Result = $"not {context.Result}";
                break;
            case nameof(IFilteredGrain.Rescued):
                try
                {
                    await context.Invoke();
                }
                catch (FormatException)
                {
                    context.Result = "the filter's";
                }

                break;
            default:
                await context.Invoke();
                scene.Write("after outer");
                break;
        }
    }
}

public sealed class InnerFilter : IIncomingGrainCallFilter
{
    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.Grain is FilteredGrain grain)
        {
            Scene.Of(grain.GetPrimaryKeyString()).Write($"inner {context.InterfaceMethod.Name}");
        }

        return context.Invoke();
    }
}

/// <summary>On the caller's side; it minds one method only.</summary>
public sealed class OutgoingFilter : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        if (context.MethodName != nameof(IOutgoingGrain.Echo))
        {
            await context.Invoke();
            return;
        }

        Scene.Of(context.TargetId.Key.ToString()!).Write("outgoing");
        await context.Invoke();
        context.Result = $"{context.Result}!";
    }
}

[Alias("test.IOutgoingGrain")]
public interface IOutgoingGrain : IGrainWithStringKey
{
    [Alias("Echo")]
    Task<string> Echo(string text);
}

public sealed class OutgoingGrain : Grain, IOutgoingGrain
{
    public Task<string> Echo(string text) => Task.FromResult(text);
}

[Alias("test.IBoundedGrain")]
public interface IBoundedGrain : IGrainWithStringKey
{
    /// <summary>Never answers, until the test signals it.</summary>
    [ResponseTimeout("00:00:01"), Alias("Hang")]
    Task Hang();

    [ResponseTimeout("00:00:01"), Alias("BlockThread")]
    Task BlockThread();

    [ResponseTimeout("00:00:01"), Alias("Queued")]
    Task Queued();

    [Alias("Patient")]
    Task<string> Patient();

    [ResponseTimeout("00:00:02"), Alias("CallBack")]
    Task CallBack(IBoundedGrain other);

    [ResponseTimeout("00:00:01"), Alias("CallAndReturn")]
    Task CallAndReturn(IBoundedGrain other);

    [Alias("WaitForToken")]
    Task WaitForToken(string name, CancellationToken cancellation);

    [AlwaysInterleave, Alias("TokenState")]
    Task<bool> TokenIsCancelled();
}

public sealed class BoundedGrain : Grain, IBoundedGrain
{
    private CancellationToken _token;

    private Scene Scene => Scene.Of(this.GetPrimaryKeyString());

    public async Task Hang()
    {
        Scene.Signal("begun");
        await Scene.For("end");
    }

    public Task BlockThread()
    {
        Scene.Signal("begun");
        Scene.For("end").GetAwaiter().GetResult();
        return Task.CompletedTask;
    }

    public Task Queued()
    {
        Scene.Write("the queued call ran");
        return Task.CompletedTask;
    }

    public Task<string> Patient() => Task.FromResult("here");

    public Task CallBack(IBoundedGrain other) => other.CallAndReturn(this.AsReference<IBoundedGrain>());

    public Task CallAndReturn(IBoundedGrain other) => other.Patient();

    public async Task WaitForToken(string name, CancellationToken cancellation)
    {
        _token = cancellation;
        Scene.Write("begun " + name);
        Scene.Signal("begun " + name);
        await using var registration = cancellation.Register(() => Scene.Signal("cancelled " + name));
        await Scene.For("cancelled " + name);
    }

    public Task<bool> TokenIsCancelled() => Task.FromResult(_token.IsCancellationRequested);
}
