using Orleans.Storage;

namespace OrleansIoT.EmbeddedSilo.Engine;

internal sealed partial class Activation
{
    private const int ForEver = int.MaxValue;

    private bool _ending;

    // In the sweeper's seconds.
    private int _lastUsed;
    private int _keepUntil;
    private object? _endReason;

    /// <summary>Nobody has needed it for as long as its class says, and nothing is going on.</summary>
    internal bool IsCollectable => _phase == Phase.Active && _running == 0 && _waitingFirst is null && IsOld;

    /// <summary>A hint, from any thread.</summary>
    internal bool IsOld
    {
        get
        {
            var now = Silo.Sweeper.Seconds;
            return now > _keepUntil && now - _lastUsed >= Class.CollectionAgeSeconds;
        }
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        if (Current == this)
        {
            End(deactivationReason);
        }
        else
        {
            TryEnqueue(new Ending(deactivationReason));
        }
    }

    /// <summary>No further request starts. When the running ones are finished, the activation ends.</summary>
    internal void End(DeactivationReason reason)
    {
        if (!_ending)
        {
            _ending = true;
            _endReason = reason;
        }
    }

    internal void KeepFor(TimeSpan time)
    {
        var now = Silo.Sweeper.Seconds;
        _keepUntil = time == Timeout.InfiniteTimeSpan || time.TotalSeconds > ForEver - now ? ForEver
            : time <= TimeSpan.Zero ? 0
            : now + (int)Math.Ceiling(time.TotalSeconds);
    }

    private void EndIfInconsistent(Exception failure)
    {
        if (failure is InconsistentStateException { IsSourceActivation: true } inconsistent)
        {
            inconsistent.IsSourceActivation = false;
            Silo.LogInconsistentState(failure, GrainId);
            End(new DeactivationReason(DeactivationReasonCode.ApplicationError, failure, "The state in memory is not the stored one."));
        }
    }

    /// <param name="context">Of the call that woke the grain: what the grain does to come to life is done for this caller.</param>
    private void Activate(ExecutionContext? context)
    {
        _phase = Phase.Activating;
        _lastUsed = Silo.Sweeper.Seconds;
        ExecutionContext.Restore(context ?? _emptyContext!);
        Task activation;
        try
        {
            _instance = Class.Construct(this);
            activation = _states is null && !Class.HasOnActivate ? Task.CompletedTask : PrepareGrain();
        }
        catch (Exception exception)
        {
            activation = Task.FromException(exception);
        }

        ExecutionContext.Restore(_emptyContext!);
        if (activation.IsCompleted)
        {
            Activated(activation);
        }
        else
        {
            activation.GetAwaiter().UnsafeOnCompleted(() => Activated(activation));
        }
    }

    private async Task PrepareGrain()
    {
        if (_states is not null)
        {
            foreach (var state in _states)
            {
                await state.ReadStateAsync();
            }
        }

        if (Class.HasOnActivate)
        {
            using var limit = new CancellationTokenSource(Silo.Options.ResponseTimeout, Silo.Clock);
            await ((IGrainBase)_instance!).OnActivateAsync(limit.Token);
        }
    }

    private void Activated(Task activation)
    {
        if (activation.IsCompletedSuccessfully)
        {
            _phase = Phase.Active;
            _mayAdmit = true;
            return;
        }

        var failure = Request.ExceptionOf(activation);
        Silo.LogActivationFailed(failure, GrainId);
        StopTimers();
        Close(failure);
    }

    private void Deactivate()
    {
        var grain = _instance as IGrainBase;
        var begun = _phase == Phase.Active;
        _phase = Phase.Deactivating;
        StopTimers();
        if (!begun || Class.IsObserver || (!Class.HasOnDeactivate && _instance is not (IDisposable or IAsyncDisposable)))
        {
            Close(null);
            return;
        }

        var deactivation = EndGrain(grain);
        if (deactivation.IsCompleted)
        {
            Close(null);
        }
        else
        {
            deactivation.GetAwaiter().UnsafeOnCompleted(() => Close(null));
        }
    }

    private async Task EndGrain(IGrainBase? grain)
    {
        try
        {
            if (Class.HasOnDeactivate && grain is not null)
            {
                using var limit = new CancellationTokenSource(Silo.Options.DeactivationLimit, Silo.Clock);
                await grain.OnDeactivateAsync((DeactivationReason)_endReason!, limit.Token).WaitAsync(limit.Token);
            }

            switch (_instance)
            {
                case IAsyncDisposable disposable:
                    await disposable.DisposeAsync();
                    break;
                case IDisposable disposable:
                    disposable.Dispose();
                    break;
            }
        }
        catch (Exception exception)
        {
            Silo.LogDeactivationFailed(exception, GrainId);
        }
    }

    private void StopTimers()
    {
        if (_timers is { } timers)
        {
            _timers = null;
            foreach (var timer in timers)
            {
                timer.Dispose();
            }
        }
    }

    /// <summary>The end. What still waits goes to the next activation, or fails with this one.</summary>
    private void Close(Exception? failure)
    {
        // Whoever is refused from now on spins until the directory knows the successor.
        var late = Take(leave: Closed);
        _phase = Phase.Closed;
        var heirs = Collect(_waitingFirst, _ready, late, out var rest);
        _waitingFirst = _waitingLast = null;
        _ready = null;
        _instance = null;
        _states = null;
        if (failure is null && !Class.IsObserver)
        {
            Class.Replace(this, heirs);
        }
        else
        {
            Class.Remove(this);
            for (var request = heirs; request is not null; request = (Request?)request.Next)
            {
                request.Fail(failure ?? new OrleansException($"{request.Method}: the observer reference was deleted."));
            }
        }

        while (rest is not null)
        {
            var next = rest.Next;
            rest.Next = null;
            rest.Abandon(this);
            rest = next;
        }

        for (var probe = _probes; probe is not null; probe = probe.Next)
        {
            ((QuietProbe)probe).Answer();
        }

        _probes = null;
        Volatile.Read(ref _deactivated)?.TrySetResult();
    }

    /// <summary>Splits what is left into the requests, in order, and everything else.</summary>
    private static Request? Collect(Work? waiting, Work? ready, Work? late, out Work? rest)
    {
        Request? first = null, last = null;
        Work? firstOther = null, lastOther = null;
        foreach (var list in (ReadOnlySpan<Work?>)[waiting, ready, late])
        {
            for (var work = list; work is not null;)
            {
                var next = work.Next;
                work.Next = null;
                if (work is Request request)
                {
                    if (!request.IsAnswered && !request.Method.IsTimerTick)
                    {
                        _ = last is null ? first = request : last.Next = request;
                        last = request;
                    }
                }
                else
                {
                    _ = lastOther is null ? firstOther = work : lastOther.Next = work;
                    lastOther = work;
                }

                work = next;
            }
        }

        rest = firstOther;
        return first;
    }
}
