using Orleans.Concurrency;

namespace OrleansIoT.Engine.Tests.Grains;

[Alias("test.ILifeGrain")]
public interface ILifeGrain : IGrainWithStringKey
{
    /// <returns>Which activation answered.</returns>
    [Alias("Touch")]
    Task<string> Touch();

    [Alias("EndSoon")]
    Task<string> EndSoon();

    /// <summary>Ends the activation with every call, and counts in the scene.</summary>
    [Alias("CountAndEnd")]
    Task<int> CountAndEnd(int number);

    [ResponseTimeout("10:00:00"), Alias("Work")]
    Task<string> Work();

    [Alias("Delay")]
    Task Delay(TimeSpan time);
}

public sealed class LifeGrain : Grain, ILifeGrain
{
    private static int _lives;

    private readonly string _id = $"life {Interlocked.Increment(ref _lives)}";
    private bool _working;

    private Scene Scene => Scene.Of(this.GetPrimaryKeyString());

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Scene.Write("activating");
        await Task.Yield();
        Scene.Write("activated");
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Scene.Write($"deactivating {reason.ReasonCode}{(_working ? " in the middle of a request" : "")}");
        await Task.Yield();
        Scene.Write("deactivated");
        Scene.Signal("deactivated " + _id);
        Scene.Signal("deactivated");
    }

    public Task<string> Touch() => Task.FromResult(_id);

    public Task<string> EndSoon()
    {
        DeactivateOnIdle();
        return Task.FromResult(_id);
    }

    public async Task<int> CountAndEnd(int number)
    {
        DeactivateOnIdle();
        await Task.Yield();
        return number;
    }

    public async Task<string> Work()
    {
        _working = true;
        Scene.Signal("working");
        await Scene.For("work is done");
        _working = false;
        return _id;
    }

    public Task Delay(TimeSpan time)
    {
        DelayDeactivation(time);
        return Task.CompletedTask;
    }
}

[Alias("test.IFailingGrain")]
public interface IFailingGrain : IGrainWithStringKey
{
    [Alias("Touch")]
    Task Touch();
}

/// <summary>Cannot be activated until the scene says "healed".</summary>
public sealed class FailingGrain : Grain, IFailingGrain
{
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var scene = Scene.Of(this.GetPrimaryKeyString());
        scene.Write("activating");
        await Task.Yield();
        if (!scene.Has("healed"))
        {
            throw new FormatException("not today");
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        throw new FormatException("nor tomorrow");

    public Task Touch()
    {
        Scene.Of(this.GetPrimaryKeyString()).Write("touched");
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

[Alias("test.ITimerGrain")]
public interface ITimerGrain : IGrainWithStringKey
{
    [Alias("Start")]
    Task Start(bool interleave);

    [AlwaysInterleave, Alias("Stop")]
    Task Stop();

    /// <summary>Holds the grain until the scene says "release".</summary>
    [Alias("Hold")]
    Task Hold();

    [Alias("End")]
    Task End();
}

public sealed class TimerGrain : Grain, ITimerGrain
{
    private IGrainTimer? _timer;
    private int _ticks;
    private bool _held;

    private Scene Scene => Scene.Of(this.GetPrimaryKeyString());

    public Task Start(bool interleave)
    {
        _timer = this.RegisterGrainTimer(
            Tick,
            new GrainTimerCreationOptions(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(5)) { Interleave = interleave });
        return Task.CompletedTask;
    }

    public Task Stop()
    {
        _timer?.Dispose();
        return Task.CompletedTask;
    }

    public async Task Hold()
    {
        _held = true;
        Scene.Signal("held");
        await Scene.For("release");
        _held = false;
    }

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Scene.Signal("deactivated");
        return Task.CompletedTask;
    }

    private async Task Tick(CancellationToken cancellation)
    {
        var tick = ++_ticks;
        await Task.Yield();
        if (tick != _ticks)
        {
            Scene.Write("ticks overlap");
        }

        if (Scene.Has("deactivated"))
        {
            Scene.Write("ticked after the end");
        }

        if (_held)
        {
            Scene.Signal("ticked while held");
        }

        Scene.Signal($"tick {tick}");
        if (tick == 2)
        {
            throw new FormatException("the second tick fails");
        }

        if (Scene.Has("hang ticks"))
        {
            Scene.Signal("tick hangs");
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation).ContinueWith(
                _ => Scene.Signal("tick cancelled"), TaskScheduler.Default);
        }
    }
}

[GenerateSerializer, Alias("test.Tally")]
public sealed class Tally
{
    [Id(0)]
    public int Count { get; set; }
}

[GenerateSerializer, Immutable, Alias("test.TallyReport")]
public sealed record TallyReport([property: Id(0)] int Count, [property: Id(1)] bool Exists, [property: Id(2)] bool HasEtag);

[Alias("test.ITallyGrain")]
public interface ITallyGrain : IGrainWithStringKey
{
    [Alias("ReadOnActivation")]
    Task<TallyReport> ReadOnActivation();

    [Alias("Add")]
    Task<TallyReport> Add();

    [Alias("AddInMemory")]
    Task<TallyReport> AddInMemory();

    [Alias("Clear")]
    Task<TallyReport> Clear();

    /// <summary>Writes the record behind the state's back, as another activation would.</summary>
    [Alias("BeOvertaken")]
    Task BeOvertaken();

    [Alias("End")]
    Task End();
}

public sealed class TallyGrain(
    [PersistentState("tally")] IPersistentState<Tally> tally,
    [FromKeyedServicesDefault] Orleans.Storage.IGrainStorage storage) : Grain, ITallyGrain
{
    private TallyReport? _onActivation;

    private TallyReport Report => new(tally.State.Count, tally.RecordExists, tally.Etag is not null);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _onActivation = Report;
        return Task.CompletedTask;
    }

    public Task<TallyReport> ReadOnActivation() => Task.FromResult(_onActivation!);

    public async Task<TallyReport> Add()
    {
        tally.State.Count++;
        await tally.WriteStateAsync();
        return Report;
    }

    public Task<TallyReport> AddInMemory()
    {
        tally.State.Count++;
        return Task.FromResult(Report);
    }

    public async Task<TallyReport> Clear()
    {
        await tally.ClearStateAsync();
        return Report;
    }

    public async Task BeOvertaken()
    {
        var other = new GrainState<Tally> { State = new Tally() };
        await storage.ReadStateAsync("tally", this.GetGrainId(), other);
        other.State = new Tally { Count = 100 };
        await storage.WriteStateAsync("tally", this.GetGrainId(), other);
    }

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

/// <summary>The storage that a grain gets which names none.</summary>
public sealed class FromKeyedServicesDefaultAttribute()
    : Microsoft.Extensions.DependencyInjection.FromKeyedServicesAttribute("Default");

[Alias("test.IRemindedGrain")]
public interface IRemindedGrain : IGrainWithStringKey
{
    [Alias("Register")]
    Task Register(string name, TimeSpan due, TimeSpan period);

    [Alias("Unregister")]
    Task Unregister(string name);

    [Alias("Names")]
    Task<List<string>> Names();
}

public sealed class RemindedGrain : Grain, IRemindedGrain, IRemindable
{
    private Scene Scene => Scene.Of(this.GetPrimaryKeyString());

    public Task Register(string name, TimeSpan due, TimeSpan period) => this.RegisterOrUpdateReminder(name, due, period);

    public async Task Unregister(string name)
    {
        if (await this.GetReminder(name) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
        }
    }

    public async Task<List<string>> Names() => [.. (await this.GetReminders()).Select(reminder => reminder.ReminderName).Order()];

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        Scene.Write($"{reminderName} {status.Period} {RequestContext.Get("badge") is not null}");
        Scene.Signal("reminded " + reminderName);
        return Task.CompletedTask;
    }
}

[Alias("test.IRemindedByNobodyGrain")]
public interface IRemindedByNobodyGrain : IGrainWithStringKey
{
    [Alias("Register")]
    Task Register();
}

public sealed class RemindedByNobodyGrain : Grain, IRemindedByNobodyGrain
{
    public Task Register() => this.RegisterOrUpdateReminder("any", TimeSpan.FromHours(1), TimeSpan.FromHours(1));
}
