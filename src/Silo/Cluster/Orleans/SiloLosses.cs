namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>
/// A client of the silos hears at once when its connection with one of them has gone, and Orleans lets what it had asked wait for
/// its whole time limit: an answer that was to come by way of that silo, or from it, does not come. So what was asked before
/// and is not answered in a moment counts as lost.
/// </summary>
public sealed class SiloLosses : IDisposable
{
    /// <summary>For answers that come by way of others, or that a silo that ends still gives.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(0.75);

    private CancellationTokenSource _since = new();

    /// <summary>A silo is no more, or does not want us any more.</summary>
    public void Add() => Interlocked.Exchange(ref _since, new CancellationTokenSource()).CancelAfter(Grace);

    public void Dispose() => _since.Dispose();

    /// <exception cref="TimeoutException">It may have been done, and nobody will say so.</exception>
    public async Task Watch(Task call)
    {
        var lost = Volatile.Read(ref _since).Token;
        try
        {
            await call.WaitAsync(lost);
        }
        catch (OperationCanceledException e) when (lost.IsCancellationRequested && !call.IsCompleted)
        {
            throw new TimeoutException("A silo has died that the answer was to come from, or by way of.", e);
        }
    }
}
