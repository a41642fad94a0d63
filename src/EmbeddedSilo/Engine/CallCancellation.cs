using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;

namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>
/// Carries a cancellation from the caller's token to the grain's. The caller has its answer at once; the grain's token
/// is cancelled in a turn of the grain, because what is registered on it is the grain's code.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
[SuppressMessage("Design", "CA1001", Justification = "Without a timer or a wait handle there is nothing in the source to dispose.")]
public sealed class CallCancellation(CancellationToken caller) : Work
{
    private readonly CancellationTokenSource _grain = new();
    private CancellationTokenRegistration _registration;
    private Request? _request;
    private bool _sent;

    /// <summary>The token that the grain gets.</summary>
    public CancellationToken Token => _grain.Token;

    /// <returns>False when the caller's token was cancelled before the call; then the call has its answer.</returns>
    internal bool Watch(Request request)
    {
        _request = request;
        if (caller.IsCancellationRequested)
        {
            request.Fail(new OperationCanceledException(caller));
            return false;
        }

        if (caller.CanBeCanceled)
        {
            _registration = caller.UnsafeRegister(static state => ((CallCancellation)state!).GiveUp(), this);
        }

        return true;
    }

    /// <summary>The call is over; the caller's token may live on for long and must not hold it.</summary>
    internal void Stop() => _registration.Unregister();

    internal void CancelGrain()
    {
        if (!Interlocked.Exchange(ref _sent, true))
        {
            _request!.Target?.TryEnqueue(this);
        }
    }

    internal override void Run(Activation activation) =>
        activation.RunGuarded(static state => ((CancellationTokenSource)state!).Cancel(), _grain);

    private void GiveUp()
    {
        _request!.Fail(new OperationCanceledException(caller));
        CancelGrain();
    }
}
