namespace OrleansIoT.EmbeddedSilo.Engine;

internal sealed partial class Activation
{
    // After so many turns or milliseconds it goes to the end of the pool's queue, so that a busy grain does not keep a thread.
    private const int MaxTurns = 64;
    private const int MaxMilliseconds = 2;

    private static ExecutionContext? _emptyContext;

    // Taken out of the inbox, in order of arrival.
    private Work? _ready;

    // Requests that may not start yet, in order of arrival.
    private Request? _waitingFirst;
    private Request? _waitingLast;
    private int _waitingToInterleave;
    private int _waitingReaders;
    private bool _mayAdmit;

    // Requests that have begun: how many, how many of them exclude others, and those that are at an await.
    private int _running;
    private int _readers;
    private int _writers;
    private RunningCall? _runningCalls;
    private Request? _inTurn;

    // The last call that has finished and whose caller does not know yet.
    private Request? _finished;
    private Work? _probes;

    internal bool IsQuiet => _running == 0 && _waitingFirst is null && _phase is not Phase.Activating and not Phase.Deactivating;

    void IThreadPoolWorkItem.Execute()
    {
        _emptyContext ??= ExecutionContext.Capture();
        SetSynchronizationContext(this);
        var turns = 0;
        var began = 0L;
        while (_phase != Phase.Closed && NextWork() is { } work)
        {
            // Within the turn's synchronization context no continuation runs on this stack; it goes to the pool or to
            // its own grain. So no caller keeps the next request, or the caller of the next request, waiting.
            if (_finished is { } finished)
            {
                _finished = null;
                finished.Settle();
            }

            work.Run(this);
            BetweenTurns();
            turns++;
            if (turns == 1)
            {
                began = Environment.TickCount64;
            }
            else if (turns == MaxTurns || Environment.TickCount64 - began >= MaxMilliseconds)
            {
                break;
            }
        }

        var last = _finished;
        _finished = null;
        if (_phase != Phase.Closed && (HasReadyWork || Interlocked.CompareExchange(ref _inbox, null, Busy) != Busy))
        {
            Schedule();
        }

        // From here on the activation may be running on another thread already. The last call's continuation may run on
        // this one, outside of the turn and with nothing held.
        SetSynchronizationContext(null);
        last?.Settle();
    }

    /// <summary>Starts a request, or lets it wait.</summary>
    internal void Accept(Request request)
    {
        if (request.IsAnswered)
        {
            return;
        }

        if (_phase == Phase.Active && !_ending && Admits(request))
        {
            Start(request);
            return;
        }

        Park(request);
        if (_phase == Phase.New)
        {
            Activate(request.PeekContext());
        }
    }

    /// <summary>A call that had reached an await is complete.</summary>
    internal void Finish(RunningCall call)
    {
        if (call.Previous is null)
        {
            _runningCalls = call.Next;
        }
        else
        {
            call.Previous.Next = call.Next;
        }

        if (call.Next is not null)
        {
            call.Next.Previous = call.Previous;
        }

        Finish(call.Request);
    }

    internal void RunGuarded(SendOrPostCallback callback, object? state)
    {
        try
        {
            callback(state);
        }
        catch (Exception exception)
        {
            Silo.LogUnhandled(exception, GrainId);
        }

        ExecutionContext.Restore(_emptyContext!);
    }

    internal void AnswerWhenQuiet(QuietProbe probe)
    {
        probe.Next = _probes;
        _probes = probe;
    }

    /// <summary>Times out what is due. Runs on the sweeper's thread beside the turns, so it may miss what is just being moved.</summary>
    /// <returns>Whether it has to come again: calls are left, or may be.</returns>
    internal bool SweepCalls(uint now, TimeSpan defaultTimeout)
    {
        var left = Check(_inTurn);
        for (var call = _runningCalls; call is not null; call = call.Next)
        {
            left |= Check(call.Request);
        }

        left |= CheckAll(_waitingFirst) | CheckAll(_ready) | CheckAll(Volatile.Read(ref _inbox));
        return left || (!IsClosed && (!SeemsFree || Volatile.Read(ref _waitingFirst) is not null));

        bool Check(Request? request) => request is not null && request.CheckTimeout(now, defaultTimeout);

        bool CheckAll(Work? work)
        {
            var any = false;
            for (; work is not null; work = work.Next)
            {
                any |= Check(work as Request);
            }

            return any;
        }
    }

    internal void FailCalls(Func<Exception> why)
    {
        for (var call = _runningCalls; call is not null; call = call.Next)
        {
            call.Request.Fail(why());
        }

        foreach (var first in (ReadOnlySpan<Work?>)[_inTurn, _waitingFirst, _ready, Volatile.Read(ref _inbox)])
        {
            for (var work = first; work is not null; work = work.Next)
            {
                (work as Request)?.Fail(why());
            }
        }
    }

    private bool HasReadyWork => _ready is not null || (_mayAdmit && _waitingFirst is not null);

    private Work? NextWork()
    {
        if (_mayAdmit && NextAdmissible() is { } request)
        {
            return request;
        }

        var work = _ready ?? Take(Busy);
        if (work is not null)
        {
            _ready = work.Next;
            work.Next = null;
        }

        return work;
    }

    private void BetweenTurns()
    {
        if (_ending && _running == 0 && _phase is Phase.Active or Phase.New)
        {
            Deactivate();
        }

        if (_probes is not null && IsQuiet)
        {
            for (var probe = Interlocked.Exchange(ref _probes, null); probe is not null; probe = probe.Next)
            {
                ((QuietProbe)probe).Answer();
            }
        }
    }

    private bool Interleaves(Request request) => Class.IsReentrant || request.Method.AlwaysInterleaves;

    private bool Admits(Request request) =>
        Interleaves(request) || (_writers == 0 && (_readers == 0 || request.Method.IsReadOnly));

    private void Start(Request request)
    {
        Count(request, 1);
        if (request.Method.KeepsAlive)
        {
            _lastUsed = Silo.Sweeper.Seconds;
        }

        _inTurn = request;
        ExecutionContext.Restore(request.TakeContext() ?? _emptyContext!);
        Task invocation;
        try
        {
            invocation = request.Start();
        }
        catch (Exception thrownByFilter)
        {
            invocation = Task.FromException(thrownByFilter);
        }

        ExecutionContext.Restore(_emptyContext!);
        _inTurn = null;
        if (!invocation.IsCompleted || request.Conclude(invocation) is { } more && (invocation = more) is not null)
        {
            var call = new RunningCall(this, request) { Next = _runningCalls };
            if (_runningCalls is not null)
            {
                _runningCalls.Previous = call;
            }

            _runningCalls = call;
            call.Await(invocation);
        }
        else
        {
            Finish(request);
        }
    }

    private void Finish(Request request)
    {
        Count(request, -1);
        _mayAdmit = _waitingFirst is not null;
        if (request.Method.KeepsAlive)
        {
            _lastUsed = Silo.Sweeper.Seconds;
        }

        if (request.Failure is { } failure)
        {
            EndIfInconsistent(failure);
            if (!request.HasCaller)
            {
                Silo.LogOneWayFailed(failure, request.Method, GrainId);
            }
        }

        if (!request.HasCaller)
        {
            request.End();
            return;
        }

        // If another one has finished in the same turn, that one's caller hears of it now.
        var before = _finished;
        _finished = request;
        before?.Settle();
    }

    private void Count(Request request, int one)
    {
        _running += one;
        if (Interleaves(request))
        {
            return;
        }

        if (request.Method.IsReadOnly)
        {
            _readers += one;
        }
        else
        {
            _writers += one;
        }
    }

    private void Park(Request request)
    {
        if (_waitingLast is null)
        {
            _waitingFirst = request;
        }
        else
        {
            _waitingLast.Next = request;
        }

        _waitingLast = request;
        CountWaiting(request, 1);
    }

    private void CountWaiting(Request request, int one)
    {
        if (Interleaves(request))
        {
            _waitingToInterleave += one;
        }
        else if (request.Method.IsReadOnly)
        {
            _waitingReaders += one;
        }
    }

    /// <summary>Takes the first waiting request that may start; looks further than the first only when one can be found there.</summary>
    private Request? NextAdmissible()
    {
        if (_phase == Phase.Active && !_ending)
        {
            Request? previous = null;
            for (var request = _waitingFirst; request is not null;)
            {
                var next = (Request?)request.Next;
                if (request.IsAnswered || Admits(request))
                {
                    Unpark(request, previous);
                    if (!request.IsAnswered)
                    {
                        return request;
                    }
                }
                else if (_waitingToInterleave == 0 && (_writers > 0 || _waitingReaders == 0))
                {
                    break;
                }
                else
                {
                    previous = request;
                }

                request = next;
            }
        }

        _mayAdmit = false;
        return null;
    }

    private void Unpark(Request request, Request? previous)
    {
        var next = (Request?)request.Next;
        if (previous is null)
        {
            _waitingFirst = next;
        }
        else
        {
            previous.Next = next;
        }

        if (next is null)
        {
            _waitingLast = previous;
        }

        request.Next = null;
        CountWaiting(request, -1);
    }
}
