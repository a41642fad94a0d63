using System.ComponentModel;

namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>Something that an activation does in a turn of its own; a link of the list that it waits in.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class Work
{
    internal Work? Next;

    private protected Work()
    {
    }

    /// <summary>On the activation's turn.</summary>
    internal abstract void Run(Activation activation);

    /// <summary>The activation has ended and will never come to it.</summary>
    internal virtual void Abandon(Activation activation)
    {
    }
}

/// <summary>The rest of a method after an await.</summary>
internal sealed class Continuation(SendOrPostCallback callback, object? state) : Work
{
    internal override void Run(Activation activation) => activation.RunGuarded(callback, state);

    internal override void Abandon(Activation activation) => activation.Post(callback, state);
}

/// <summary>Asks an activation to end.</summary>
internal sealed class Ending(DeactivationReason reason, bool onlyIfIdle = false) : Work
{
    internal override void Run(Activation activation)
    {
        if (!onlyIfIdle || activation.IsCollectable)
        {
            activation.End(reason);
        }
    }
}

/// <summary>Answers when an activation has nothing left to do.</summary>
internal sealed class QuietProbe : Work
{
    private readonly TaskCompletionSource _quiet = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Quiet => _quiet.Task;

    internal override void Run(Activation activation) => activation.AnswerWhenQuiet(this);

    internal override void Abandon(Activation activation) => Answer();

    internal void Answer() => _quiet.TrySetResult();
}
