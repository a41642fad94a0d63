namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>What call filters see of a tick, under the name that it has in Orleans.</summary>
internal interface IGrainTimerInvoker
{
    Task InvokeCallbackAsync();
}

internal sealed class GrainTimer : IGrainTimer
{
    private readonly CancellationTokenSource _disposed = new();
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly GrainMethod _tick;
    private readonly ITimer _timer;
    private TimeSpan _dueTime;
    private TimeSpan _period;
    private bool _ticking;

    private GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        _activation = activation;
        _callback = callback;
        _tick = Ticks.For(options);
        _dueTime = options.DueTime;
        _period = options.Period;

        // A tick is nobody's request: it does not carry on the context of the one that registered the timer.
        using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
        {
            _timer = activation.Silo.Clock.CreateTimer(
                static timer => ((GrainTimer)timer!).OnDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    internal static GrainTimer Start(
        IGrainBase grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        Check(options.DueTime, options.Period);
        var activation = (Activation)grain.GrainContext;
        if (Activation.Current != activation)
        {
            throw new InvalidOperationException("A grain registers its timers itself, in its own turn.");
        }

        var timer = new GrainTimer(activation, callback, options);
        activation.Add(timer);
        timer.Arm(options.DueTime);
        return timer;
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, period);
        _dueTime = dueTime;
        _period = period;
        if (!_ticking)
        {
            Arm(dueTime);
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _activation.Remove(this);
        try
        {
            _disposed.Cancel();
        }
        catch (AggregateException exception)
        {
            _activation.Silo.LogUnhandled(exception, _activation.GrainId);
        }
    }

    private static void Check(TimeSpan dueTime, TimeSpan period)
    {
        const double longest = 0xfffffffe; // what System.Threading.Timer takes, in milliseconds
        ArgumentOutOfRangeException.ThrowIfLessThan(dueTime.TotalMilliseconds, -1, nameof(dueTime));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dueTime.TotalMilliseconds, longest, nameof(dueTime));
        ArgumentOutOfRangeException.ThrowIfLessThan(period.TotalMilliseconds, -1, nameof(period));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(period.TotalMilliseconds, longest, nameof(period));
    }

    private void Arm(TimeSpan dueTime) => _timer.Change(dueTime, Timeout.InfiniteTimeSpan);

    private void OnDue()
    {
        if (!_activation.Silo.IsStopping)
        {
            _activation.TryEnqueue((Request)new Tick(this));
        }
    }

    private static class Ticks
    {
        private static readonly GrainMethod[] All =
            [.. from kinds in (CallKinds[])[0, CallKinds.AlwaysInterleave, CallKinds.Idle, CallKinds.AlwaysInterleave | CallKinds.Idle]
                select new GrainMethod(
                    typeof(IGrainTimerInvoker),
                    nameof(IGrainTimerInvoker.InvokeCallbackAsync),
                    [],
                    kinds | CallKinds.OneWay | CallKinds.TimerTick)];

        internal static GrainMethod For(GrainTimerCreationOptions options) =>
            All[(options.Interleave ? 1 : 0) + (options.KeepAlive ? 0 : 2)];
    }

    private sealed class Tick(GrainTimer timer) : TaskRequest
    {
        public override GrainMethod Method => timer._tick;

        protected override Task Call(object grain)
        {
            if (timer._disposed.IsCancellationRequested)
            {
                return Task.CompletedTask;
            }

            timer._ticking = true;
            timer._dueTime = timer._period;
            return timer._callback(timer._disposed.Token);
        }

        internal override void End()
        {
            timer._ticking = false;
            if (!timer._disposed.IsCancellationRequested)
            {
                timer.Arm(timer._dueTime);
            }
        }
    }
}
