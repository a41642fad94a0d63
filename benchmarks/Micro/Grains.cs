namespace OrleansIoT.Micro;

[GenerateSerializer, Immutable, Alias("micro.Reading")]
public sealed record Reading([property: Id(0)] long Seq, [property: Id(1)] double Value);

[Alias("micro.IMeterGrain")]
public interface IMeterGrain : IGrainWithStringKey
{
    [Alias("Record")]
    Task Record(Reading reading);

    [Alias("RecordAndCount")]
    Task<long> RecordAndCount(Reading reading);
}

public sealed class MeterGrain : Grain, IMeterGrain
{
    private long _count;
    private Reading? _last;

    public Task Record(Reading reading)
    {
        _last = reading;
        _count++;
        return Task.CompletedTask;
    }

    public Task<long> RecordAndCount(Reading reading)
    {
        _last = reading;
        return Task.FromResult(++_count);
    }

    public override string ToString() => $"{_count} readings, the last one {_last}";
}

/// <summary>Looks at every call, as the filter that asks for the caller does.</summary>
public sealed class CountingFilter : IIncomingGrainCallFilter
{
    private long _calls;

    public long Calls => Volatile.Read(ref _calls);

    public Task Invoke(IIncomingGrainCallContext context)
    {
        _calls++;
        return context.Invoke();
    }
}

[Alias("micro.ITimedGrain")]
public interface ITimedGrain : IGrainWithStringKey
{
    [Alias("Start")]
    Task Start(TimeSpan period);

    /// <returns>How much later than due the timer ticked, in milliseconds, at worst.</returns>
    [Alias("Stop")]
    Task<double> Stop();
}

public sealed class TimedGrain : Grain, ITimedGrain
{
    private readonly System.Diagnostics.Stopwatch _sinceTick = new();
    private IGrainTimer? _timer;
    private TimeSpan _worst;

    public Task Start(TimeSpan period)
    {
        _worst = TimeSpan.Zero;
        _sinceTick.Restart();
        _timer = this.RegisterGrainTimer(_ => Tick(period), new GrainTimerCreationOptions(period, period));
        return Task.CompletedTask;
    }

    public Task<double> Stop()
    {
        _timer?.Dispose();
        return Task.FromResult(_worst.TotalMilliseconds);
    }

    private Task Tick(TimeSpan period)
    {
        var late = _sinceTick.Elapsed - period;
        _worst = late > _worst ? late : _worst;
        _sinceTick.Restart();
        return Task.CompletedTask;
    }
}
