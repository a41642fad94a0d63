namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>A call that has reached an await: a link of the list of those that its activation has begun and not ended.</summary>
internal sealed class RunningCall(Activation activation, Request request)
{
    internal RunningCall? Previous;
    internal RunningCall? Next;
    private Task? _awaited;
    private Action? _onCompleted;

    public Request Request { get; } = request;

    /// <summary>
    /// Comes back when the task is complete, in the activation's turn: the awaiter captures the activation, which is the
    /// current synchronization context.
    /// </summary>
    internal void Await(Task task)
    {
        _awaited = task;
        task.GetAwaiter().UnsafeOnCompleted(_onCompleted ??= OnCompleted);
    }

    private void OnCompleted()
    {
        if (Request.Conclude(_awaited!) is { } more)
        {
            Await(more);
        }
        else
        {
            activation.Finish(this);
        }
    }
}
