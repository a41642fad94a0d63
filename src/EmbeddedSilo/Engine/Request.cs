using System.ComponentModel;
using System.Reflection;

namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>
/// One call, from the reference to the answer: the message in the grain's inbox, the arguments (in the generated class
/// that derives from this), and the context that incoming filters see, all in one object. It is kept small, because
/// there is one for every call: with the caller's task a call without a result is 144 bytes for one argument.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class Request : Work, IIncomingGrainCallContext
{
    private Activation? _source;
    private Activation? _target;

    // First the caller's ExecutionContext, from the start of the method on the task whose outcome the caller gets.
    private object? _contextOrOutcome;

    // When the sweeper first saw the request, in milliseconds of its clock; 0 before.
    private uint _seenAt;
    private byte _nextFilter;
    private bool _answered;

    private protected Request()
    {
    }

    public abstract GrainMethod Method { get; }

    /// <summary>Of a method with a cancellation token: the way from the caller's token to the grain's.</summary>
    public virtual CallCancellation? Cancellation => null;

    internal Activation? Source => _source;

    internal Activation? Target
    {
        get => _target;
        set => _target = value;
    }

    /// <summary>The caller has its answer, be it that it gave up.</summary>
    internal bool IsAnswered => Volatile.Read(ref _answered);

    internal bool HasCaller => !Method.IsOneWay;

    object IGrainCallContext.Grain => _target!.GrainInstance!;

    IGrainContext IIncomingGrainCallContext.TargetContext => _target!;

    GrainId IGrainCallContext.TargetId => _target!.GrainId;

    GrainId? IGrainCallContext.SourceId => _source?.GrainId;

    string IGrainCallContext.InterfaceName => Method.InterfaceName;

    string IGrainCallContext.MethodName => Method.Name;

    MethodInfo IGrainCallContext.InterfaceMethod => Method.Info;

    MethodInfo IIncomingGrainCallContext.ImplementationMethod => _target!.Class.ImplementationOf(Method, _target!);

    object? IGrainCallContext.Result
    {
        get => _contextOrOutcome is Task outcome ? ResultOf(outcome) : null;
        set => _contextOrOutcome = OutcomeOf(value);
    }

    Task IGrainCallContext.Invoke() => InvokeNext();

    internal void Depart(Activation? source, ExecutionContext? context)
    {
        _source = source;
        _contextOrOutcome = context;
    }

    /// <summary>The caller's context, which is given away once, when the method starts.</summary>
    internal ExecutionContext? TakeContext()
    {
        var context = _contextOrOutcome as ExecutionContext;
        _contextOrOutcome = null;
        return context;
    }

    internal ExecutionContext? PeekContext() => _contextOrOutcome as ExecutionContext;

    internal sealed override void Run(Activation activation) => activation.Accept(this);

    /// <summary>Runs the filters and the method up to the first await that is not complete.</summary>
    internal Task Start() => InvokeNext();

    /// <summary>Called when the task of <see cref="Start"/> is complete.</summary>
    /// <returns>What else has to complete before the call has; a filter need not await what comes after it.</returns>
    internal Task? Conclude(Task invocation)
    {
        if (!invocation.IsCompletedSuccessfully)
        {
            _contextOrOutcome = invocation;
        }

        if (_contextOrOutcome is not Task outcome)
        {
            _contextOrOutcome = Task.FromException(new InvalidOperationException(
                $"A filter ended {Method} without a result: it neither invoked what comes after it nor set one."));
            return null;
        }

        return outcome.IsCompleted ? null : outcome;
    }

    /// <summary>What the method threw, or null.</summary>
    internal Exception? Failure => _contextOrOutcome is Task { IsCompletedSuccessfully: false } failed ? ExceptionOf(failed) : null;

    /// <summary>Gives the caller the outcome.</summary>
    internal void Settle()
    {
        Cancellation?.Stop();
        if (TryAnswer())
        {
            Answer((Task)_contextOrOutcome!);
        }
    }

    /// <summary>The call is over, and nobody waits for the outcome. In the turn.</summary>
    internal virtual void End()
    {
        Cancellation?.Stop();
        TryAnswer();
    }

    /// <summary>Gives the caller an exception, unless it has its answer; from any thread, and never runs the caller's code on it.</summary>
    internal void Fail(Exception exception)
    {
        if (!TryAnswer())
        {
            return;
        }

        Cancellation?.Stop();
        if (HasCaller)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static failed => failed.Request.Answer(failed.Exception), (Request: this, Exception: exception), preferLocal: false);
        }
    }

    /// <summary>Answers with a <see cref="TimeoutException"/> if the time is over. Called by the sweeper, again and again.</summary>
    /// <returns>Whether the caller still waits.</returns>
    internal bool CheckTimeout(uint now, TimeSpan defaultTimeout)
    {
        if (IsAnswered || Method.IsTimerTick)
        {
            return false;
        }

        // The time runs from the first sweep that sees the call, not from the call. So a call needs no look at the
        // clock, and a process that was suspended does not find that all of its calls are late.
        if (_seenAt == 0)
        {
            _seenAt = now;
            return true;
        }

        var timeout = Method.Timeout ?? defaultTimeout;
        if (unchecked(now - _seenAt) < timeout.TotalMilliseconds)
        {
            return true;
        }

        var cancellation = Cancellation;
        Fail(new TimeoutException($"{Method} of {_target!.GrainId} did not answer within {timeout}."));
        cancellation?.CancelGrain();
        return false;
    }

    internal static Exception ExceptionOf(Task failed)
    {
        if (failed.Exception is { } exception)
        {
            return exception.InnerException!;
        }

        try
        {
            failed.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException canceled)
        {
            return canceled;
        }

        throw new InvalidOperationException("The task has not failed.");
    }

    internal bool TryAnswer() => !Interlocked.Exchange(ref _answered, true);

    private protected abstract Task CallGrain(object grain);

    private protected abstract void Answer(Task outcome);

    private protected abstract void Answer(Exception exception);

    private protected abstract object? ResultOf(Task outcome);

    private protected abstract Task OutcomeOf(object? result);

    private Task InvokeNext()
    {
        var target = _target!;
        var filters = target.Silo.IncomingFilters;
        var index = _nextFilter++;
        if (index < filters.Length)
        {
            return filters[index].Invoke(this);
        }

        var grain = target.GrainInstance ?? throw new OrleansException($"{target.GrainId} is no more.");
        if (index == filters.Length && target.Class.IsFilter)
        {
            return ((IIncomingGrainCallFilter)grain).Invoke(this);
        }

        Task outcome;
        try
        {
            outcome = CallGrain(grain)
                ?? Task.FromException(new InvalidOperationException($"{Method} returned null instead of a task."));
        }
        catch (Exception thrown)
        {
            outcome = Task.FromException(thrown);
        }

        _contextOrOutcome = outcome;
        return outcome;
    }
}
