using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>A call of a method without a result.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class TaskRequest : Request
{
    // A builder, not a TaskCompletionSource: it is nothing but the task. Answered once, which TryAnswer sees to.
    private AsyncTaskMethodBuilder _answer;

    internal Task Response => _answer.Task;

    protected abstract Task Call(object grain);

    private protected sealed override Task CallGrain(object grain) => Call(grain);

    private protected sealed override object? ResultOf(Task outcome)
    {
        outcome.GetAwaiter().GetResult();
        return null;
    }

    private protected sealed override Task OutcomeOf(object? result) => Task.CompletedTask;

    private protected override void Answer(Task outcome)
    {
        if (outcome.IsCompletedSuccessfully)
        {
            _answer.SetResult();
        }
        else
        {
            _answer.SetException(ExceptionOf(outcome));
        }
    }

    private protected sealed override void Answer(Exception exception) => _answer.SetException(exception);
}

/// <summary>A call of a method with a result.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class TaskRequest<TResult> : Request
{
    private AsyncTaskMethodBuilder<TResult> _answer;

    internal Task<TResult> Response => _answer.Task;

    protected abstract Task<TResult> Call(object grain);

    private protected sealed override Task CallGrain(object grain) => Call(grain);

    private protected sealed override object? ResultOf(Task outcome) => ((Task<TResult>)outcome).GetAwaiter().GetResult();

    private protected sealed override Task OutcomeOf(object? result) => Task.FromResult((TResult)result!);

    private protected sealed override void Answer(Task outcome)
    {
        if (outcome.IsCompletedSuccessfully)
        {
            _answer.SetResult(((Task<TResult>)outcome).Result);
        }
        else
        {
            _answer.SetException(ExceptionOf(outcome));
        }
    }

    private protected sealed override void Answer(Exception exception) => _answer.SetException(exception);
}
